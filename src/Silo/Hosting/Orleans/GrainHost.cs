using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Hosting;

namespace MeshGrains.Silo;

/// <summary>
/// Orleans, the host that ships: one silo on a free loopback port, its links under mutual TLS with bootstrap certificates on both sides.
/// </summary>
internal static class GrainHost
{
    public const string Name = "Orleans";

    private const int MaxEnqueuedRequests = 5000;

    public static void Add(IHostApplicationBuilder builder, TrustDomainOptions domain, FileSiloBootstrap bootstrap, TimeProvider time)
    {
        var svids = builder.Configuration.GetSection("svid").Get<SvidOptions>() ?? new SvidOptions();
        var tolerance = new X509SvidValidationOptions { ClockSkew = svids.ClockSkew };
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(FreeLoopbackPort(), gatewayPort: 0, serviceId: $"meshgrains-{domain.Name}", clusterId: domain.Cluster);
            silo.Configure<SiloOptions>(options => options.SiloName = domain.Silo);
            silo.Configure<SiloMessagingOptions>(options => options.MaxEnqueuedRequestsHardLimit = MaxEnqueuedRequests);
            silo.AddReminders();
            silo.UseTls(tls =>
            {
                tls.LocalCertificate = bootstrap.TlsCertificate;
                tls.LocalServerCertificateSelector = (_, _) => bootstrap.TlsCertificate;
                tls.LocalClientCertificateSelector = (_, _, _, _, _) => bootstrap.TlsCertificate;
                tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
                tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
                tls.RemoteCertificateValidation = (certificate, _, _) => IsSilo(certificate, bootstrap, domain.Name, time, tolerance);
                tls.OnAuthenticateAsClient = (_, options) => options.TargetHost = "localhost";
            });
        });
    }

    /// <summary>Our own validator on both sides: a workload's, an expired or a foreign certificate is no silo's.</summary>
    private static bool IsSilo(
        X509Certificate2 certificate, FileSiloBootstrap bootstrap, string trustDomain, TimeProvider time, X509SvidValidationOptions tolerance)
    {
        var validation = X509SvidValidator.Validate(certificate.RawData, [], bootstrap.Anchors, time.GetUtcNow(), tolerance);
        return validation.IsValid && BootstrapNames.TryRead(validation.Id, trustDomain, out _, out _);
    }

    private static int FreeLoopbackPort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
