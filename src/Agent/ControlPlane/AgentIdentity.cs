using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>The agent's own SVID and key, ready for mutual TLS. In memory only.</summary>
internal sealed class AgentIdentity
{
    private AgentIdentity(
        string spiffeId, SslStreamCertificateContext tls, ImmutableArray<ReadOnlyMemory<byte>> chain, DateTimeOffset since, DateTimeOffset notAfter, DateTimeOffset renewAt) =>
        (SpiffeId, Tls, Chain, Since, NotAfter, RenewAt) = (spiffeId, tls, chain, since, notAfter, renewAt);

    public string SpiffeId { get; }

    public SslStreamCertificateContext Tls { get; }

    /// <summary>DER, the leaf first.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Chain { get; }

    /// <summary>When it came.</summary>
    public DateTimeOffset Since { get; }

    public DateTimeOffset NotAfter { get; }

    public DateTimeOffset RenewAt { get; }

    /// <summary>Null with an error when the answer is no SVID of an agent for this key.</summary>
    public static AgentIdentity? Of(Svid svid, SvidKey key, TrustDomain trustDomain, DateTimeOffset now, double spread, IJitter jitter, out string? error)
    {
        if (svid is not { Chain.Count: > 0 } || !ParsedCertificate.TryRead(svid.Chain[0].Memory, out var leaf, out error))
        {
            error = "the answer holds no certificate";
            return null;
        }

        if (!Identity.SpiffeId.TryParse(svid.SpiffeId, out var id, out error) || !id.IsMemberOf(trustDomain))
        {
            error ??= $"{svid.SpiffeId} is of another trust domain";
            return null;
        }

        error = key.Check(leaf, svid.SpiffeId);
        if (error is not null)
        {
            return null;
        }

        using var bare = X509CertificateLoader.LoadCertificate(svid.Chain[0].Span);
        var intermediates = new X509Certificate2Collection();
        foreach (var der in svid.Chain.Skip(1))
        {
            intermediates.Add(X509CertificateLoader.LoadCertificate(der.Span));
        }

        var tls = SslStreamCertificateContext.Create(bare.CopyWithPrivateKey(key.Key), intermediates, offline: true);
        return new AgentIdentity(
            svid.SpiffeId, tls, [.. svid.Chain.Select(der => der.Memory)], now, leaf.NotAfter, HalfLife.Of(now, leaf.NotAfter, spread, jitter));
    }
}
