using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>
/// What a silo issues from: one immutable object, swapped whole. PEM strings are made once here and shared by every reply.
/// </summary>
public sealed class IssuerSnapshot
{
    public required TrustDomain TrustDomain { get; init; }

    public required Issuer Issuer { get; init; }

    public required string AuthorityId { get; init; }

    public required string RootAuthorityId { get; init; }

    public required byte[] IssuingCaDer { get; init; }

    /// <summary>Certificates above the issuing CA, nearest first, without the bundle's anchor; empty unless an outside CA certified the root.</summary>
    public ImmutableArray<byte[]> UpperChainDer { get; init; } = [];

    /// <summary>What goes with every leaf: the issuing CA, then <see cref="UpperChainDer"/>.</summary>
    public ImmutableArray<byte[]> ChainDer => [IssuingCaDer, .. UpperChainDer];

    /// <summary><see cref="ChainDer"/> as PEM, each block with a trailing newline.</summary>
    public required string ChainPem { get; init; }

    public required SpiffeBundle Bundle { get; init; }

    /// <summary>Every root of the trust domain as concatenated PEM.</summary>
    public required string BundlePem { get; init; }

    public required long BundleNumber { get; init; }

    /// <summary>The bundle's number when the issuing CA was certified: no older one was ever delivered with what it signed.</summary>
    public required long IssuerBundleNumber { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }
}
