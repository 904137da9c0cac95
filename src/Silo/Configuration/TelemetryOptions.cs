using Microsoft.Extensions.Logging;

namespace MeshGrains.Silo;

/// <summary>Section <c>telemetry</c>.</summary>
internal sealed class TelemetryOptions
{
    /// <summary>Trace, Debug, Information, Warning, Error or Critical.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary><c>text</c> for people, <c>json</c> for collectors.</summary>
    public string LogFormat { get; set; } = "text";

    /// <summary>OTLP endpoint for metrics and traces, such as <c>http://127.0.0.1:4317</c>; empty exports nothing.</summary>
    public string OtlpEndpoint { get; set; } = "";
}
