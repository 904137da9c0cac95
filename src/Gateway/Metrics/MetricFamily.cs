using System.Text;

namespace MeshGrains.Gateway.Metrics;

/// <summary>
/// All series of one exported name. Their number is bounded: what comes with yet another set of labels once the bound is reached is counted under
/// the one series <c>overflow="true"</c>.
/// </summary>
internal sealed class MetricFamily(string name, MetricKind kind, string help, double[] bounds)
{
    public const int MaxSeries = 200;
    private const int MaxLabelValueChars = 128;

    private readonly Lock _gate = new();

    // By label text. Replaced, never changed: readers take no lock.
    private volatile Dictionary<string, Series> _series = [];

    // By the tags in the order in which the call site gives them, so that the usual measurement builds no text.
    private volatile Known[] _known = [];

    public string Name => name;

    public MetricKind Kind => kind;

    public string Help => help;

    public double[] Bounds => bounds;

    public ICollection<Series> All => _series.Values;

    /// <summary>Forgets every series: an observable instrument tells its whole truth at each collection.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _series = [];
            _known = [];
        }
    }

    public Series Get(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var known in _known)
        {
            if (known.Matches(tags))
            {
                return known.Series;
            }
        }

        return Make(tags);
    }

    private Series Make(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
        {
            var labels = LabelText(tags);
            if (!_series.TryGetValue(labels, out var series))
            {
                if (_series.Count >= MaxSeries)
                {
                    labels = "overflow=\"true\"";
                }

                if (!_series.TryGetValue(labels, out series))
                {
                    series = new Series(labels, bounds);
                    _series = new Dictionary<string, Series>(_series) { [labels] = series };
                }
            }

            if (_known.Length < MaxSeries)
            {
                _known = [.. _known, new Known(tags.ToArray(), series)];
            }

            return series;
        }
    }

    private static string LabelText(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in tags)
        {
            labels[MetricName.Label(key)] = Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "";
        }

        var text = new StringBuilder();
        foreach (var (key, value) in labels)
        {
            text.Append(text.Length == 0 ? "" : ",").Append(key).Append("=\"");
            PrometheusText.AppendEscaped(text, value.Length > MaxLabelValueChars ? value[..MaxLabelValueChars] : value, quotes: true);
            text.Append('"');
        }

        return text.ToString();
    }

    private sealed class Known(KeyValuePair<string, object?>[] tags, Series series)
    {
        public Series Series => series;

        public bool Matches(ReadOnlySpan<KeyValuePair<string, object?>> others)
        {
            if (tags.Length != others.Length)
            {
                return false;
            }

            for (var i = 0; i < tags.Length; i++)
            {
                if (!ReferenceEquals(tags[i].Key, others[i].Key) && tags[i].Key != others[i].Key)
                {
                    return false;
                }

                if (!Equals(tags[i].Value, others[i].Value))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
