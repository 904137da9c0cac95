using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>What a trust domain decides about a root that an outside CA certifies, as pure functions of its state, the chain and the time.</summary>
internal static class UpstreamDecisions
{
    /// <summary>Why nothing is issued under a root that waits for its certificate.</summary>
    public const string Awaited =
        "The root's key is made and waits for its certificate from the outside CA: print the request with 'meshctl upstream csr', have it signed, and bring the chain with 'meshctl upstream import --chain FILE'.";

    /// <summary>Fixes every byte that the outside CA will sign. A TBS of before, under another outside CA, gives way: nobody has its certificate.</summary>
    public static TrustDomainState RecordCertificate(
        TrustDomainState state, TrustDomain trustDomain, IReadOnlyList<ParsedCertificate> outside, SerialNumber serial, string operationId, DateTimeOffset now)
    {
        var root = state.Authorities[^1];
        var validity = new Validity(
            Validity.WholeSeconds(now - TrustDomainDecisions.AuthorityBackdate), Validity.WholeSeconds(now + TimeSpan.FromSeconds(root.TtlSeconds)));
        var profile = CaCertificateProfile.CertifiedRoot(trustDomain, root.SubjectPublicKeyInfo, outside[0], serial, validity, root.NameConstraints);
        return Replace(state, state.Authorities.Length - 1, operationId, root with
        {
            AuthorityId = profile.AuthorityId,
            Tbs = CaCertificateWriter.BuildTbs(profile),
            Upstream = [.. outside.Select(certificate => certificate.Der.ToArray())],
            NotBefore = profile.NotBefore,
            NotAfter = profile.NotAfter,
        });
    }

    /// <summary>Fixes the request before the root's key signs it.</summary>
    public static TrustDomainState RecordRequestInfo(TrustDomainState state, TrustDomain trustDomain, string operationId)
    {
        var root = state.Authorities[^1];
        _ = PublicKeyInfo.TryRead(root.SubjectPublicKeyInfo!, out var key, out _);
        return Replace(state, state.Authorities.Length - 1, operationId, root with
        {
            AuthorityId = KeyIdentifier.AuthorityId(key),
            RequestInfo = RootRequestWriter.BuildInfo(trustDomain, root.SubjectPublicKeyInfo),
        });
    }

    public static TrustDomainState RecordRequest(TrustDomainState state, byte[] requestDer, string operationId) =>
        Replace(state, state.Authorities.Length - 1, operationId, state.Authorities[^1] with { RequestDer = requestDer });

    /// <summary>Enters a checked chain: the whole certificate and what stands above it.</summary>
    public static TrustDomainState RecordChain(TrustDomainState state, int index, UpstreamChain chain, string operationId) =>
        Replace(state, index, operationId, state.Authorities[index] with
        {
            CertificateDer = chain.Own.Der.ToArray(),
            Upstream = [.. chain.Above.Select(certificate => certificate.Der.ToArray())],
            NotBefore = chain.NotBefore,
            NotAfter = chain.NotAfter,
        });

    /// <summary>
    /// Finds the root that a brought chain is for, and enters it. A root that is in use takes a renewed chain under the same outside root: silos serve it at
    /// once, and nobody has to trust anything new. Another outside root is another anchor, and comes with a new root through a rotation.
    /// </summary>
    /// <exception cref="GrainOperationException">The chain is refused; the text says what to do.</exception>
    public static (TrustDomainState State, UpstreamChain Chain, int Index, bool First) Import(
        TrustDomainState state, TrustDomain trustDomain, ImportUpstreamChain command, DateTimeOffset now)
    {
        var given = Read(command.Certificates);
        var index = -1;
        for (var i = 0; i < state.Authorities.Length && index < 0; i++)
        {
            index = state.Authorities[i] is { RequestDer: not null, State: not (AuthorityState.Revoked or AuthorityState.Tainted), SubjectPublicKeyInfo: { } spki }
                && given.Any(certificate => certificate.SubjectPublicKeyInfo.Span.SequenceEqual(spki)) ? i : -1;
        }

        if (index < 0)
        {
            throw Refused(
                "key_mismatch",
                "No certificate of the chain is for a key that a request was made for. Sign the request that 'meshctl upstream csr' prints now, and bring that certificate with those above it.");
        }

        var root = state.Authorities[index];
        if (!UpstreamChain.TryCheck(given, trustDomain, root.SubjectPublicKeyInfo, now, out var chain, out var error))
        {
            throw Refused("bad_chain", error);
        }

        if (root.CertificateDer is { } standing && root.Upstream is { Length: > 0 } above)
        {
            if (standing.AsSpan().SequenceEqual(chain.Own.Der.Span) && above.Length == chain.Above.Count
                && above.Zip(chain.Above).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second.Der.Span)))
            {
                return (state, chain, index, false);
            }

            if (!above[^1].AsSpan().SequenceEqual(chain.Anchor.Der.Span))
            {
                throw Refused(
                    "other_anchor", "The chain ends at another outside root than the one that everybody trusts. Rotate the root ('meshctl rotate root start') and have the new one certified by the new PKI.");
            }

            if (chain.Own.SubjectName.Span.SequenceEqual(ParsedCertificate.Read(standing).SubjectName.Span) is false
                || !chain.Own.SubjectKeyIdentifier.Span.SequenceEqual(ParsedCertificate.Read(standing).SubjectKeyIdentifier.Span))
            {
                throw Refused(
                    "other_name", "The renewed certificate has another subject or subject key identifier than the one in use, and issuing CAs name that one. Have it issued with the same.");
            }
        }

        var next = RecordChain(state, index, chain, $"{command.OperationId}:chain");
        var first = root.CertificateDer is null;
        return (first ? next : next with { BundleNumber = state.BundleNumber + 1 }, chain, index, first);
    }

    private static List<ParsedCertificate> Read(ImmutableArray<byte[]> certificates)
    {
        if (certificates.IsDefaultOrEmpty || certificates.Length > 1 + UpstreamChain.MaxAbove)
        {
            throw Refused("bad_chain", $"A chain has 2 to {1 + UpstreamChain.MaxAbove} certificates: ours, at most two intermediates, and the outside root.");
        }

        return [.. certificates.Select(der => ParsedCertificate.TryRead(der, out var certificate, out var error) ? certificate : throw Refused("bad_chain", error))];
    }

    private static TrustDomainState Replace(TrustDomainState state, int index, string operationId, RootAuthority root) => state with
    {
        Authorities = state.Authorities.SetItem(index, root),
        OperationId = operationId,
    };

    private static GrainOperationException Refused(string reason, string message) => new(RefusalCode.InvalidArgument, reason, message);
}
