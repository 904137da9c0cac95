using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace MeshGrains.Silo;

/// <summary>Exports metrics and traces by OTLP while an endpoint is configured; otherwise it does nothing.</summary>
internal sealed class OtlpExport(TelemetryOptions options, string silo) : IHostedService, IDisposable
{
    private MeterProvider? _meters;
    private TracerProvider? _traces;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.OtlpEndpoint.Length > 0)
        {
            var endpoint = new Uri(options.OtlpEndpoint);
            var resource = ResourceBuilder.CreateDefault().AddService("meshgrains", serviceInstanceId: silo);
            void Configure(OtlpExporterOptions exporter) => exporter.Endpoint = endpoint;
            _meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter("MeshGrains.*", "Microsoft.Orleans").AddOtlpExporter(Configure).Build();
            _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource("MeshGrains.*", "Microsoft.AspNetCore").AddOtlpExporter(Configure).Build();
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _meters?.ForceFlush(2000);
        _traces?.ForceFlush(2000);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _meters?.Dispose();
        _traces?.Dispose();
    }
}
