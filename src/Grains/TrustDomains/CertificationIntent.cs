namespace MeshGrains.Grains;

/// <summary>An issuing CA's certification: the whole TBS before the KMS signs it, the certificate after. Every KMS signature matches one.</summary>
public sealed record CertificationIntent : StoredForm
{
    public required string OperationId { get; init; }

    public required string Cluster { get; init; }

    public required string Silo { get; init; }

    public required string AuthorityId { get; init; }

    public required string RootAuthorityId { get; init; }

    public required string Serial { get; init; }

    public required byte[] Tbs { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>The bundle's number when it was asked for; null in records of versions before rotation.</summary>
    public long? BundleNumber { get; init; }

    public byte[]? CertificateDer { get; init; }
}
