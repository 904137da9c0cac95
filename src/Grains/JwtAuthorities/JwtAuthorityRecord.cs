namespace MeshGrains.Grains;

/// <summary>
/// A JWT authority as stored. The private key is sealed (<see cref="JwtKeySeal"/>); it is never here in clear. <see cref="HighestExpiry"/> is recorded
/// before any token with it may leave: the key stays in the trust bundle until it has passed.
/// </summary>
public sealed record JwtAuthorityRecord : StoredForm
{
    public required string KeyId { get; init; }

    public required string Algorithm { get; init; }

    public required AuthorityState State { get; init; }

    public required byte[] SubjectPublicKeyInfo { get; init; }

    public required byte[] SealedKey { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Since when it lies in the trust bundle; null before.</summary>
    public DateTimeOffset? PublishedAt { get; init; }

    public DateTimeOffset? HighestExpiry { get; init; }

    /// <summary>The number of the bundle that it was published with; null before, and for keys that an older version published.</summary>
    public long? BundleNumber { get; init; }

    /// <summary>Why and by whom it was tainted; null for all others.</summary>
    public string? TaintReason { get; init; }

    public string? TaintedBy { get; init; }

    public DateTimeOffset? TaintedAt { get; init; }

    /// <summary>When a tainted key had left the trust bundle.</summary>
    public DateTimeOffset? WithdrawnAt { get; init; }
}
