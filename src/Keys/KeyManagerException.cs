namespace MeshGrains.Keys;

/// <summary>A key manager's failure. The text says what happened and what to do, and carries no secret.</summary>
public sealed class KeyManagerException : Exception
{
    public KeyManagerException(KeyManagerError kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    public KeyManagerError Kind { get; }

    /// <summary>How long the key store, or the budget, asks to wait; null when nobody said.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
