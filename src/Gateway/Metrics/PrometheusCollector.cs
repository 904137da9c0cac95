using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Metrics;

/// <summary>
/// Listens to the meters named <c>MeshGrains.*</c> and writes what they measured as Prometheus text.
/// Meters of another service container in the same process are left out.
/// </summary>
internal sealed class PrometheusCollector : IDisposable
{
    private const string MeterPrefix = "MeshGrains.";
    private const int MaxFamilies = 500;

    private static readonly double[] Seconds =
        [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private static readonly double[] Counts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536];

    private readonly object? _scope;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly HashSet<MetricFamily> _observed = [];
    private readonly MeterListener _listener = new();

    /// <param name="meters">The container's meter factory.</param>
    /// <param name="logger">Told about instruments that cannot be exported.</param>
    public PrometheusCollector(IMeterFactory meters, ILogger<PrometheusCollector> logger)
    {
        (_scope, _logger) = (meters, logger);
        _listener.InstrumentPublished = Publish;
        _listener.SetMeasurementEventCallback<double>(Measure);
        _listener.SetMeasurementEventCallback<float>((instrument, value, tags, state) => Measure(instrument, value, tags, state));
        _listener.SetMeasurementEventCallback<decimal>((instrument, value, tags, state) => Measure(instrument, (double)value, tags, state));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, state) => Measure(instrument, value, tags, state));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, state) => Measure(instrument, value, tags, state));
        _listener.SetMeasurementEventCallback<short>((instrument, value, tags, state) => Measure(instrument, value, tags, state));
        _listener.SetMeasurementEventCallback<byte>((instrument, value, tags, state) => Measure(instrument, value, tags, state));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    public string Collect()
    {
        lock (_gate)
        {
            foreach (var family in _observed)
            {
                family.Clear();
            }

            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException e)
            {
                MetricsLog.ObservationFailed(_logger, e);
            }

            var text = new StringBuilder(16 * 1024);
            foreach (var family in _families.Values)
            {
                PrometheusText.Append(text, family);
            }

            ProcessFigures.Append(text);
            return text.ToString();
        }
    }

    private static void Measure(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        var target = (Target)state!;
        var series = target.Family.Get(tags);
        switch (target.Mode)
        {
            case Mode.Add:
                series.Add(value);
                break;
            case Mode.Set:
                series.Set(value);
                break;
            default:
                series.Observe(value);
                break;
        }
    }

    private static (MetricKind Kind, Mode Mode)? ModeOf(Instrument instrument)
    {
        var type = instrument.GetType();
        if (!type.IsGenericType)
        {
            return null;
        }

        var kind = type.GetGenericTypeDefinition();
        return kind == typeof(Counter<>) ? (MetricKind.Counter, Mode.Add)
            : kind == typeof(UpDownCounter<>) ? (MetricKind.Gauge, Mode.Add)
            : kind == typeof(Histogram<>) ? (MetricKind.Histogram, Mode.Observe)
            : kind == typeof(ObservableCounter<>) ? (MetricKind.Counter, Mode.Set)
            : kind == typeof(ObservableUpDownCounter<>) || kind == typeof(ObservableGauge<>) || kind == typeof(Gauge<>) ? (MetricKind.Gauge, Mode.Set)
            : null;
    }

    private static double[] BoundsOf(Instrument instrument)
    {
        var advised = instrument switch
        {
            Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
            Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
            Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
            _ => Array.Empty<double>(),
        };
        return advised.Length > 0 ? advised : instrument.Unit == "s" ? Seconds : Counts;
    }

    private void Publish(Instrument instrument, MeterListener listener)
    {
        var meter = instrument.Meter;
        if (!meter.Name.StartsWith(MeterPrefix, StringComparison.Ordinal) || (meter.Scope is not null && meter.Scope != _scope)
            || ModeOf(instrument) is not var (kind, mode))
        {
            return;
        }

        var name = MetricName.Of(instrument, kind);
        MetricFamily? family;
        lock (_gate)
        {
            if (!_families.TryGetValue(name, out family))
            {
                if (_families.Count >= MaxFamilies)
                {
                    MetricsLog.TooMany(_logger, name, MaxFamilies);
                    return;
                }

                family = new MetricFamily(
                    name, kind, instrument.Description ?? $"{instrument.Name} of {meter.Name}.", kind == MetricKind.Histogram ? BoundsOf(instrument) : []);
                _families.Add(name, family);
                if (instrument.IsObservable)
                {
                    _observed.Add(family);
                }
            }
            else if (family.Kind != kind)
            {
                MetricsLog.TwoKinds(_logger, name, meter.Name);
                return;
            }
        }

        listener.EnableMeasurementEvents(instrument, new Target(family, mode));
    }

    private enum Mode
    {
        Add,
        Set,
        Observe,
    }

    private sealed record Target(MetricFamily Family, Mode Mode);
}
