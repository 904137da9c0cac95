using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// A root's newest list. While <see cref="Tbs"/> is there the KMS has not signed it, as far as is known: a retry signs those very bytes, and
/// <see cref="Der"/> is the list before.
/// </summary>
public sealed record RootCrl : StoredForm
{
    public required string AuthorityId { get; init; }

    public required long Number { get; init; }

    public required DateTimeOffset ThisUpdate { get; init; }

    public required DateTimeOffset NextUpdate { get; init; }

    /// <summary>Of the issuing CAs on it, sorted.</summary>
    public ImmutableArray<string> Serials { get; init; } = [];

    public byte[]? Tbs { get; init; }

    public byte[]? Der { get; init; }
}
