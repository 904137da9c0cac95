namespace MeshGrains.Silo;

/// <summary>The configuration is wrong; the message lists every error with what to do. No stack trace is owed to its reader.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> errors)
    : Exception(string.Join(Environment.NewLine, errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}
