using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

/// <summary>Who may link to a silo, from both sides of the link, on real ports; and that no link outlives its certificates.</summary>
public sealed class LinkTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly TempDirectory _folder = new();
    private RunningSilo _silo = null!;

    private string Bootstrap => Path.Combine(_silo.Data, "bootstrap");

    private IPEndPoint Port => _silo.Services.GetRequiredService<SiloEndpoint>().Listen!;

    public async Task InitializeAsync() => _silo = await RunningSilo.StartUnreadyAsync(_folder.File("data"), null, "svid.clockSkew=0s");

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(BootstrapNames.SiloRole)]
    [InlineData(BootstrapNames.AuthorityRole)]
    public async Task A_silo_of_the_same_bootstrap_CA_is_let_in(string role)
    {
        using var ca = Ca();
        Assert.True(await LinkClient.IsAcceptedAsync(Port, LinkClient.Certificate(ca, role, "other", Hour)));
    }

    [Fact]
    public async Task A_gateway_is_no_silo()
    {
        using var ca = Ca();
        Assert.False(await LinkClient.IsAcceptedAsync(Port, LinkClient.Certificate(ca, BootstrapNames.GatewayRole, "other", Hour)));
    }

    [Fact]
    public async Task A_workloads_certificate_is_refused()
    {
        await _silo.ReadyAsync();
        var (_, _, svid) = await _silo.FetchAsync(await _silo.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/silo/other"));
        Assert.False(await LinkClient.IsAcceptedAsync(Port, svid!.TargetCertificate));
    }

    [Fact]
    public async Task An_expired_certificate_is_refused()
    {
        using var ca = Ca();
        Assert.False(await LinkClient.IsAcceptedAsync(Port, LinkClient.Certificate(ca, BootstrapNames.SiloRole, "other", TimeSpan.FromMinutes(1), ago: TimeSpan.FromMinutes(2))));
    }

    [Fact]
    public async Task A_certificate_of_a_foreign_bootstrap_CA_is_refused()
    {
        using var foreign = BootstrapAuthority.Create(SiloClient.TrustDomain, Hour * 24, new RandomSerialSource(), DateTimeOffset.UtcNow);
        Assert.False(await LinkClient.IsAcceptedAsync(Port, LinkClient.Certificate(foreign, BootstrapNames.SiloRole, "other", Hour)));
    }

    [Fact]
    public async Task No_certificate_is_no_admission() => Assert.False(await LinkClient.IsAcceptedAsync(Port, null));

    [Theory]
    [InlineData(BootstrapNames.SiloRole, true)]
    [InlineData(BootstrapNames.GatewayRole, false)]
    public async Task A_silo_dials_silos_only(string role, bool accepted)
    {
        using var ca = Ca();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, LinkClient.Certificate(ca, role, "other", Hour));
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        await using var tls = new SslStream(client.GetStream());
        var dialling = tls.AuthenticateAsClientAsync(_silo.Services.GetRequiredService<SiloLinks>().ClientOptions());
        if (accepted)
        {
            await dialling;
            await serving;
        }
        else
        {
            await Assert.ThrowsAsync<AuthenticationException>(() => dialling);
        }
    }

    [Fact]
    public async Task A_link_ends_before_the_peers_certificate_does()
    {
        using var ca = Ca();
        var certificate = LinkClient.Certificate(ca, BootstrapNames.SiloRole, "other", TimeSpan.FromSeconds(4));
        var ended = await LinkClient.EndOfConnectionAsync(Port, certificate);
        Assert.InRange(ended, certificate.NotAfter.ToUniversalTime() - TimeSpan.FromSeconds(2), certificate.NotAfter.ToUniversalTime() + TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public async Task A_link_ends_before_the_silos_own_certificate_does()
    {
        using var ca = Ca();
        var bootstrap = FileSiloBootstrap.Open(WriteOwn(ca, TimeSpan.FromSeconds(4)), SiloClient.TrustDomain, TimeProvider.System);
        var own = bootstrap.TlsCertificate.NotAfter.ToUniversalTime();
        await using var silo = await RunningSilo.StartUnreadyAsync(_folder.File("short"), null, $"bootstrap={bootstrap.Directory}", "svid.clockSkew=0s");
        var ended = await LinkClient.EndOfConnectionAsync(
            silo.Services.GetRequiredService<SiloEndpoint>().Listen!, LinkClient.Certificate(ca, BootstrapNames.SiloRole, "other", Hour));
        Assert.InRange(ended, own - TimeSpan.FromSeconds(4), own + TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public async Task A_renewed_certificate_is_served_without_a_restart()
    {
        using var ca = Ca();
        var directory = WriteOwn(ca, TimeSpan.FromSeconds(8));
        await using var silo = await RunningSilo.StartUnreadyAsync(_folder.File("short"), null, $"bootstrap={directory}", "svid.clockSkew=0s");
        var first = silo.Services.GetRequiredService<SiloLinks>().ClientOptions().ClientCertificateContext!.TargetCertificate.SerialNumber;
        WriteOwn(ca, Hour);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (silo.Services.GetRequiredService<SiloLinks>().ClientOptions().ClientCertificateContext!.TargetCertificate.SerialNumber == first)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private static async Task ServeAsync(TcpListener listener, X509Certificate2 certificate)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = (_, client, _, _) => client is not null,
            });
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException)
        {
            // The client left, which is what some tests are about.
        }
    }

    private BootstrapAuthority Ca() => BootstrapAuthority.Load(
        SiloClient.TrustDomain, File.ReadAllText(Path.Combine(Bootstrap, "ca.pem")), File.ReadAllText(Path.Combine(Bootstrap, "ca.key")));

    private string WriteOwn(BootstrapAuthority ca, TimeSpan ttl)
    {
        var directory = Directory.CreateDirectory(_folder.File("own")).FullName;
        using var certificate = LinkClient.Certificate(ca, BootstrapNames.AuthorityRole, "silo-1", ttl);
        File.WriteAllText(Path.Combine(directory, "ca.pem"), PemWriter.EncodeCertificate(ca.CertificateDer));
        File.WriteAllText(Path.Combine(directory, "silo.key"), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(directory, "silo.pem"), certificate.ExportCertificatePem());
        return directory;
    }
}
