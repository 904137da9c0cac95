using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The stored state of a trust domain. <see cref="BundleNumber"/> 0 means that no root exists yet.</summary>
public sealed record TrustDomainState : StoredForm
{
    public long BundleNumber { get; init; }

    public int RefreshHintSeconds { get; init; }

    public ImmutableArray<RootAuthority> Authorities { get; init; } = [];

    public ImmutableArray<CertificationIntent> Intents { get; init; } = [];

    public string? OperationId { get; init; }

    /// <summary>Until when no authority is retired: what a restored state does not know of may still live.</summary>
    public DateTimeOffset? RetireGatesShutUntil { get; init; }

    /// <summary>The latest declared restores, oldest first; null when there was none.</summary>
    public ImmutableArray<DeclaredRestore>? Restores { get; init; }

    /// <summary>The clusters' JWT authorities in the bundle, oldest first; null when there never was one.</summary>
    public ImmutableArray<PublishedJwtAuthority>? JwtAuthorities { get; init; }

    /// <summary>The root's rotation that is under way, or the last one; null when there never was one.</summary>
    public RootRotation? Rotation { get; init; }

    /// <summary>Issuing CAs that were certified with an older bundle than this are to be replaced at once; null: none are.</summary>
    public long? IssuersFrom { get; init; }

    /// <summary>The home cluster whose record this follows; null at the home itself.</summary>
    public string? Follows { get; init; }
}
