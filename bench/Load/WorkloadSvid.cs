using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using MeshGrains.Rpc.Istio;

namespace MeshGrains.Bench;

/// <summary>An SVID with its key, as a workload holds it.</summary>
internal sealed class WorkloadSvid
{
    private WorkloadSvid(SslStreamCertificateContext context, byte[] request) => (Context, Request) = (context, request);

    /// <summary>Leaf, key and intermediates, for TLS.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>The framed request that asks for another one with the same key.</summary>
    public byte[] Request { get; }

    /// <summary>Gets one with a token.</summary>
    /// <exception cref="InvalidOperationException">It was refused.</exception>
    public static async Task<WorkloadSvid> FetchAsync(GrpcTarget target, string token, CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var body = IstioMessages.Request(CertificateSigningRequestWriter.Write(key));
        var first = await SingleCall.TryAsync(target, new Call(Hpack.Bearer(token), body, 0), cancellationToken);
        if (first.Status != CallOutcome.Ok)
        {
            throw new InvalidOperationException($"No SVID was given: status {first.Status} {first.StatusMessage}");
        }

        var chain = IstioCertificateResponse.Parser.ParseFrom(first.Reply).CertChain;
        using var bare = X509Certificate2.CreateFromPem(chain[0]);
        using var keyed = bare.CopyWithPrivateKey(key);
        var leaf = X509CertificateLoader.LoadPkcs12(keyed.Export(X509ContentType.Pkcs12), null);
        var intermediates = new X509Certificate2Collection((X509Certificate2[])[.. chain.Skip(1).SkipLast(1).Select(pem => X509Certificate2.CreateFromPem(pem))]);
        return new WorkloadSvid(SslStreamCertificateContext.Create(leaf, intermediates, offline: true), body);
    }
}
