using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Relay;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Gateway.Tests.Relay;

/// <summary>Who gets onto a relay link, from either end, and what may be asked for there.</summary>
public sealed class RelayListenerTests
{
    private static readonly string Names = """{"csr":"CSR","dnsNames":["localhost","edge.example"],"ipAddresses":["127.0.0.1","192.0.2.7"]}""";

    [Theory]
    [InlineData(BootstrapNames.GatewayRole)]
    [InlineData(BootstrapNames.SiloRole)]
    [InlineData(BootstrapNames.AuthorityRole)]
    public async Task Gateways_and_silos_of_the_mesh_are_let_in(string role)
    {
        using var bootstrap = new TestBootstrap();
        await using var silo = await SiloAsync(bootstrap);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(silo, bootstrap.Issue(role, "peer"), "/readyz"));
    }

    [Fact]
    public async Task A_silo_that_never_issues_is_ready_for_everybody_but_relays()
    {
        using var bootstrap = new TestBootstrap();
        await using var authority = await GatewayHost.StartAsync(prepare: host =>
        {
            (host.Issues, host.Issuance.NotReadyReason) = (false, "this process has not the role issuer");
            host.RelayCredentials = bootstrap.Issue(BootstrapNames.AuthorityRole, "authority-1");
        });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await GetAsync(authority, bootstrap.Issue(BootstrapNames.GatewayRole, "edge-1"), "/readyz"));
        Assert.Equal(HttpStatusCode.OK, (await authority.OperationsClient().GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task Everyone_else_is_turned_away_at_the_handshake()
    {
        using var bootstrap = new TestBootstrap();
        await using var silo = await SiloAsync(bootstrap);
        using var foreign = new TestBootstrap();
        using var elsewhere = new TestBootstrap("other.test");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var workload = TestBootstrap.Of(
            silo.Issuance.Ca.Leaf("/meshgrains/gateway", key.ExportSubjectPublicKeyInfo(), DateTimeOffset.UtcNow, TimeSpan.FromHours(1)), key, bootstrap.Anchors,
            silo.Issuance.Ca.Snapshot.IssuingCaDer);
        foreach (var (why, credentials) in new[]
        {
            ("expired", bootstrap.Issue(BootstrapNames.GatewayRole, "late", TimeSpan.FromMinutes(10), DateTimeOffset.UtcNow.AddHours(-1))),
            ("a workload's", workload),
            ("of another bootstrap CA", foreign.Issue(BootstrapNames.GatewayRole, "edge-1")),
            ("of another mesh", elsewhere.Issue(BootstrapNames.GatewayRole, "edge-1")),
            ("of another role", bootstrap.Issue("agent", "node-1")),
        })
        {
            Assert.True(await IsTurnedAwayAsync(silo, credentials.Current), $"a certificate that is {why} was let in");
        }

        Assert.True(await IsTurnedAwayAsync(silo, null), "no certificate was let in");
    }

    [Theory]
    [InlineData(BootstrapNames.GatewayRole, false)]
    [InlineData("agent", false)]
    [InlineData(BootstrapNames.SiloRole, true)]
    [InlineData(BootstrapNames.AuthorityRole, true)]
    public async Task A_gateway_hands_calls_only_to_silos(string role, bool taken)
    {
        using var bootstrap = new TestBootstrap();
        await using var silo = await SiloAsync(bootstrap, bootstrap.Issue(role, "far-end"));
        if (taken)
        {
            Assert.Equal(HttpStatusCode.OK, await GetAsync(silo, bootstrap.Issue(BootstrapNames.GatewayRole, "edge-1"), "/readyz"));
        }
        else
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(silo, bootstrap.Issue(BootstrapNames.GatewayRole, "edge-1"), "/readyz"));
        }
    }

    [Fact]
    public async Task Changed_certificates_are_used_without_a_restart()
    {
        await using var front = await FrontHost.StartAsync();
        using var next = new TestBootstrap();
        var both = front.Bootstrap.Anchors.WithX509Authorities([.. front.Bootstrap.Anchors.X509Authorities.Select(one => one.Der), .. next.Anchors.X509Authorities.Select(one => one.Der)]);
        var silo = (TestRelayCredentials)front.Silo.RelayCredentials!;
        silo.Current = silo.Current with { Anchors = both };
        front.Credentials.Current = next.Issue(BootstrapNames.GatewayRole, "edge-2").Current with { Anchors = both };
        using var reply = await FrontHost.IssueAsync(front.Client());
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
    }

    [Fact]
    public async Task A_connection_is_closed_before_its_certificate_ends()
    {
        using var bootstrap = new TestBootstrap();
        await using var silo = await SiloAsync(bootstrap);
        var credentials = bootstrap.Issue(BootstrapNames.GatewayRole, "brief", TimeSpan.FromSeconds(4));
        await using var connection = await ConnectAsync(silo, credentials.Current);
        await connection.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var buffer = new byte[4096];
        while (await connection.ReadAsync(buffer, patience.Token) > 0)
        {
            // Settings, then GOAWAY, then the end.
        }

        Assert.InRange(DateTimeOffset.UtcNow, DateTimeOffset.MinValue, credentials.Current.NotAfter.AddSeconds(1));
    }

    [Fact]
    public async Task A_gateway_gets_a_certificate_for_the_names_that_its_bootstrap_certificate_has()
    {
        using var bootstrap = new TestBootstrap();
        await using var silo = await SiloAsync(bootstrap);
        var gateway = bootstrap.Issue(BootstrapNames.GatewayRole, "edge-1", dns: ["edge.example"]);
        var body = Names.Replace("CSR", Convert.ToBase64String(TestCa.Csr()), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await CertifyAsync(silo, gateway, body)).Status);
        Assert.Equal("edge-1", silo.Issuance.LastServing!.Gateway);
        Assert.Equal("name_not_allowed", (await CertifyAsync(silo, gateway, body.Replace("edge.example", "bank.example", StringComparison.Ordinal))).Reason);
        Assert.Equal("name_not_allowed", (await CertifyAsync(silo, gateway, body.Replace("192.0.2.7", "192.0.2.8", StringComparison.Ordinal))).Reason);

        // A silo may have an issuing CA for the asking: it serves under its own names and the common ID.
        Assert.Equal(HttpStatusCode.OK, (await CertifyAsync(silo, bootstrap.Issue(BootstrapNames.SiloRole, "silo-2"), body)).Status);
        Assert.Null(silo.Issuance.LastServing!.Gateway);

        var forged = TestCa.Csr();
        forged[^1] ^= 1;
        var (status, reason) = await CertifyAsync(silo, gateway, Names.Replace("CSR", Convert.ToBase64String(forged), StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.BadRequest, "csr_proof"), (status, reason));
    }

    [Fact]
    public async Task A_peer_itself_may_ask_for_nothing_else()
    {
        using var bootstrap = new TestBootstrap();
        await using var silo = await SiloAsync(bootstrap);
        var gateway = bootstrap.Issue(BootstrapNames.GatewayRole, "edge-1");
        foreach (var path in new[] { "/v1/entries", "/v1/status", "/metrics", "/v1/issuances" })
        {
            Assert.Equal(HttpStatusCode.NotFound, await GetAsync(silo, gateway, path));
        }
    }

    [Theory]
    [InlineData(BootstrapNames.SiloRole, true, HttpStatusCode.Forbidden)]
    [InlineData(BootstrapNames.SiloRole, false, HttpStatusCode.Forbidden)]
    [InlineData(BootstrapNames.AuthorityRole, true, HttpStatusCode.Forbidden)]
    [InlineData(BootstrapNames.AuthorityRole, false, HttpStatusCode.Forbidden)]
    [InlineData(BootstrapNames.GatewayRole, true, HttpStatusCode.OK)]
    [InlineData(BootstrapNames.GatewayRole, false, HttpStatusCode.Forbidden)]
    public async Task A_peers_word_for_an_operator_counts_from_gateways_alone_and_only_where_silos_say_so(string role, bool taken, HttpStatusCode expected)
    {
        using var bootstrap = new TestBootstrap();
        await using var silo = await GatewayHost.StartAsync(
            options => options.Roles.Add(new RoleBindingOptions { SpiffeId = "spiffe://mesh.test/meshgrains/operators/sre", Roles = { OperatorRole.Admin } }),
            host => (host.TakesRelayedAdministration, host.RelayCredentials) = (taken, bootstrap.Issue(BootstrapNames.AuthorityRole, "authority-1")));
        var (certificate, chain) = silo.Issuance.Ca.Client("/meshgrains/operators/sre");
        using var request = new HttpRequestMessage(HttpMethod.Get, SiloLink.Uri("/v1/entries"));
        new RelayFacts(IPAddress.Loopback, [certificate.RawData, .. chain.Select(one => one.RawData)], new string('a', 32)).WriteTo(request.Headers);

        using var reply = await SendAsync(silo, bootstrap.Issue(role, "peer"), request);

        Assert.Equal(expected, reply.StatusCode);
        if (expected != HttpStatusCode.OK)
        {
            Assert.Equal("administration_relayed", (string?)JsonNode.Parse(await reply.Content.ReadAsStringAsync())!["reason"]);
        }
    }

    private static Task<GatewayHost> SiloAsync(TestBootstrap bootstrap, IRelayCredentials? credentials = null) =>
        GatewayHost.StartAsync(prepare: host => host.RelayCredentials = credentials ?? bootstrap.Issue(BootstrapNames.SiloRole, "silo-1"));

    private static async Task<HttpStatusCode> GetAsync(GatewayHost silo, TestRelayCredentials credentials, string path)
    {
        using var reply = await SendAsync(silo, credentials, new HttpRequestMessage(HttpMethod.Get, SiloLink.Uri(path)));
        return reply.StatusCode;
    }

    private static async Task<(HttpStatusCode Status, string? Reason)> CertifyAsync(GatewayHost silo, TestRelayCredentials credentials, string body)
    {
        using var reply = await SendAsync(silo, credentials, new HttpRequestMessage(HttpMethod.Post, SiloLink.Uri("/internal/v1/gateway-certificate"))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        });
        return (reply.StatusCode, (string?)JsonNode.Parse(await reply.Content.ReadAsStringAsync())!["reason"]);
    }

    /// <summary>Through the product's own client end of a link.</summary>
    private static async Task<HttpResponseMessage> SendAsync(GatewayHost silo, TestRelayCredentials credentials, HttpRequestMessage request)
    {
        var services = new ServiceCollection().AddLogging().AddMetrics();
        services.AddSingleton<IRelayCredentials>(credentials);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<MeshScope>();
        services.Configure<MeshGrains.Grains.TrustDomainOptions>(options => options.Name = "mesh.test");
        services.AddRelayEnds();
        services.AddSingleton<SiloLinkFactory>();
        await using var provider = services.BuildServiceProvider();
        using var client = provider.GetRequiredService<SiloLinkFactory>().Create(IPEndPoint.Parse(silo.RelayAddress), credentials.Current);
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        var reply = await client.SendAsync(request, CancellationToken.None);
        await reply.Content.LoadIntoBufferAsync();
        return reply;
    }

    private static async Task<bool> IsTurnedAwayAsync(GatewayHost silo, RelayIdentity? identity)
    {
        try
        {
            await using var connection = await ConnectAsync(silo, identity);
            // With TLS 1.3 the client hears of it at its first read.
            return await connection.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(10)) == 0;
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return true;
        }
    }

    private static async Task<SslStream> ConnectAsync(GatewayHost silo, RelayIdentity? identity)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPEndPoint.Parse(silo.RelayAddress));
        var tls = new SslStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "silo",
            ClientCertificateContext = identity?.Certificate,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
        });
        return tls;
    }
}
