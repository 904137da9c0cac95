using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Hosting;

namespace MeshGrains.Silo;

/// <summary>
/// TLS between silos: bootstrap certificates on both sides, judged by our own validator, and no connection outlives the certificates it was
/// opened with.
/// </summary>
internal sealed class SiloLinks(FileSiloBootstrap bootstrap, string trustDomain, X509SvidValidationOptions tolerance, TimeProvider time)
{
    private const string TargetName = "localhost";

    public static void Use(ISiloBuilder silo, SiloLinks links)
    {
        silo.Services.AddSingleton(links);
        silo.UseTls(tls =>
        {
            tls.LocalCertificate = links.Certificate;
            tls.LocalServerCertificateSelector = (_, _) => links.Certificate;
            tls.LocalClientCertificateSelector = (_, _, _, _, _) => links.Certificate;
            tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.RemoteCertificateValidation = (certificate, chain, _) => links.IsSilo(certificate, chain);
            tls.OnAuthenticateAsClient = (_, options) => options.TargetHost = TargetName;
        });

        // Inside TLS, where the peer's certificate is known.
        silo.Configure<SiloConnectionOptions>(options =>
        {
            options.ConfigureSiloInboundConnection(connection => connection.Use(links.EndInTime));
            options.ConfigureSiloOutboundConnection(connection => connection.Use(links.EndInTime));
        });
    }

    private X509Certificate2 Certificate => bootstrap.TlsCertificate;

    /// <summary>For a handshake with another silo outside Orleans.</summary>
    public SslClientAuthenticationOptions ClientOptions() => new()
    {
        TargetHost = TargetName,
        ClientCertificateContext = SslStreamCertificateContext.Create(Certificate, null, offline: true),
        RemoteCertificateValidationCallback = (_, certificate, chain, _) => certificate is X509Certificate2 peer && IsSilo(peer, chain),
    };

    /// <summary>A workload's, a gateway's, an expired or a foreign certificate is no silo's.</summary>
    private bool IsSilo(X509Certificate2 certificate, X509Chain? chain)
    {
        var validation = X509SvidValidator.Validate(certificate.RawData, PeerChain.Intermediates(chain), bootstrap.Anchors, time.GetUtcNow(), tolerance);
        return validation.IsValid && BootstrapNames.TryRead(validation.Id, trustDomain, out _, out _);
    }

    private ConnectionDelegate EndInTime(ConnectionDelegate next) => async connection =>
    {
        var peer = connection.Features.Get<ITlsConnectionFeature>()?.RemoteCertificate;
        var end = LinkLife.EndOf(Certificate, peer, time.GetUtcNow(), tolerance.ClockSkew);
        await using var timer = time.CreateTimer(
            static state => ((ConnectionContext)state!).Abort(new ConnectionAbortedException("A certificate of this connection ends soon.")),
            connection, LinkLife.Until(end, time.GetUtcNow()), Timeout.InfiniteTimeSpan);
        await next(connection);
    };
}
