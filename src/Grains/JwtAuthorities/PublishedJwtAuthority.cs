namespace MeshGrains.Grains;

/// <summary>A cluster's JWT authority as the trust domain stores it: what is here is in the trust bundle.</summary>
public sealed record PublishedJwtAuthority : StoredForm
{
    public required string KeyId { get; init; }

    public required string Cluster { get; init; }

    public required byte[] SubjectPublicKeyInfo { get; init; }

    public required DateTimeOffset PublishedAt { get; init; }

    /// <summary>No token that it signed lives longer.</summary>
    public required DateTimeOffset NotAfter { get; init; }
}
