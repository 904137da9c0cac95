using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The stored revocation lists of a trust domain.</summary>
public sealed record RevocationState : StoredForm
{
    public ImmutableArray<RootCrl> Roots { get; init; } = [];

    public ImmutableArray<IssuingCrl> Issuing { get; init; } = [];

    public string? OperationId { get; init; }
}
