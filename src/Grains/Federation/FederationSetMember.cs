namespace MeshGrains.Grains;

/// <summary>One foreign trust domain in the stored list.</summary>
public sealed record FederationSetMember : StoredForm
{
    public required string TrustDomain { get; init; }

    public long Number { get; init; }
}
