namespace MeshGrains.Grains;

/// <summary>One issuing CA as a cluster keeps it, from its authorisation to its end.</summary>
public sealed record IssuingCaRecord : StoredForm
{
    public required string OperationId { get; init; }

    public required string Silo { get; init; }

    /// <summary>Which start of the silo's process holds the key; null in records of versions that did not tell.</summary>
    public string? Incarnation { get; init; }

    public string? RelayEndpoint { get; init; }

    public required IssuingCaState State { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo that was authorised, lowercase hex: a retry may not bring another key.</summary>
    public required string KeyHash { get; init; }

    public string? AuthorityId { get; init; }

    public string? RootAuthorityId { get; init; }

    public byte[]? CertificateDer { get; init; }

    public DateTimeOffset NotBefore { get; init; }

    public DateTimeOffset NotAfter { get; init; }

    public string? TaintReason { get; init; }

    /// <summary>Of a tainted one: over how many seconds agents replace what it signed; null for at once.</summary>
    public int? ReissueOverSeconds { get; init; }

    /// <summary>Its silo delivers no older bundle with what it signs; null in records of versions before rotation: nothing is known.</summary>
    public long? BundleNumber { get; init; }

    /// <summary>Since when its silo signs no more under it, as far as this cluster CA decided it.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When its log shard was sealed; from then on nothing more is ever issued under it, whoever holds the key.</summary>
    public DateTimeOffset? SealedAt { get; init; }
}
