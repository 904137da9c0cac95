namespace MeshGrains.Grains;

/// <summary>What is stored of one agent.</summary>
public sealed record RosteredAgent : StoredForm
{
    public required string AgentId { get; init; }

    /// <summary>The attestor that admitted it; empty when that is not known.</summary>
    public required string Attestation { get; init; }

    /// <summary>The SVID last issued to it, lowercase hex.</summary>
    public required string Serial { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public required DateTimeOffset AttestedAt { get; init; }

    /// <summary>Acknowledged under <see cref="Serial"/>; 0 before it was.</summary>
    public long BundleNumber { get; init; }

    /// <summary>An operator ended its attestation, and it has not attested since.</summary>
    public bool Evicted { get; init; }
}
