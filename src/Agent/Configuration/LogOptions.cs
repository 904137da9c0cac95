using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent;

/// <summary>Section <c>log</c>; it goes to stderr.</summary>
internal sealed class LogOptions
{
    public LogLevel Level { get; set; } = LogLevel.Information;

    /// <summary><c>text</c> or <c>json</c>.</summary>
    public string Format { get; set; } = "text";
}
