using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using MeshGrains.Rpc.Spiffe;

namespace WorkloadExample;

/// <summary>An identity at one moment: the certificate to show, the roots to trust, and TLS options made of them.</summary>
internal sealed class Svid
{
    private readonly SslStreamCertificateContext _certificate;
    private readonly SpiffeBundle _bundle;

    private Svid(SpiffeId id, string serial, SslStreamCertificateContext certificate, SpiffeBundle bundle) =>
        (Id, Serial, _certificate, _bundle) = (id, serial, certificate, bundle);

    public SpiffeId Id { get; }

    public string Serial { get; }

    /// <summary>Reads one of the Workload API's answers.</summary>
    public static Svid Read(X509SVID message)
    {
        var chain = Split(message.X509Svid.Memory);
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(message.X509SvidKey.Span, out _);
        using var bare = X509CertificateLoader.LoadCertificate(chain[0].Span);
        X509Certificate2[] others = [.. chain.Skip(1).Select(der => X509CertificateLoader.LoadCertificate(der.Span))];
        var id = SpiffeId.Parse(message.SpiffeId);
        return new Svid(
            id, ParsedCertificate.Read(chain[0]).SerialHex, SslStreamCertificateContext.Create(bare.CopyWithPrivateKey(key), [.. others], offline: true),
            new SpiffeBundle(id.TrustDomain).WithX509Authorities(Split(message.Bundle.Memory)));
    }

    /// <summary>Shows this SVID and takes clients with this identity alone.</summary>
    public SslServerAuthenticationOptions ServerOptions(SpiffeId client) => new()
    {
        ServerCertificateContext = _certificate,
        ClientCertificateRequired = true,
        AllowTlsResume = false,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) => Is(client, certificate, chain),
    };

    /// <summary>Shows this SVID and talks to a server with this identity alone.</summary>
    public SslClientAuthenticationOptions ClientOptions(SpiffeId server) => new()
    {
        ClientCertificateContext = _certificate,
        AllowTlsResume = false,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) => Is(server, certificate, chain),
    };

    /// <summary>By SPIFFE's rules: the chain leads to a root of this bundle now, and the one URI name is the identity that is wanted. DNS names say nothing.</summary>
    private bool Is(SpiffeId wanted, X509Certificate? certificate, X509Chain? chain)
    {
        if (certificate is not X509Certificate2 leaf)
        {
            return false;
        }

        var others = chain?.ChainPolicy.ExtraStore.Select(extra => (ReadOnlyMemory<byte>)extra.RawData).ToList() ?? [];
        return X509SvidValidator.Validate(leaf.RawData, others, _bundle, TimeProvider.System.GetUtcNow()).Id == wanted;
    }

    /// <summary>DER certificates one after another.</summary>
    private static List<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> der)
    {
        var parts = new List<ReadOnlyMemory<byte>>();
        while (!der.IsEmpty)
        {
            AsnDecoder.ReadSequence(der.Span, AsnEncodingRules.DER, out _, out _, out var length);
            parts.Add(der[..length]);
            der = der[length..];
        }

        return parts;
    }
}
