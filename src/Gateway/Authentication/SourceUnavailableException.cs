namespace MeshGrains.Gateway;

/// <summary>An issuer's keys or its word about a token could not be had; the message says from where and why, for logs and status.</summary>
internal sealed class SourceUnavailableException : Exception
{
    public SourceUnavailableException(string message)
        : base(message)
    {
    }

    public SourceUnavailableException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
