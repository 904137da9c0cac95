using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Gateway.Istio;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Gateway.Tests.Istio;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Istio;
using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.Serving;

public sealed class ServingTests
{
    [Fact]
    public async Task The_gateway_serves_its_own_svid_with_its_names()
    {
        await using var host = await GatewayHost.StartAsync();
        using var tls = await HandshakeAsync(host, null);
        var leaf = ParsedCertificate.Read(tls.RemoteCertificate!.GetRawCertData());

        Assert.Equal(["spiffe://mesh.test/meshgrains/gateway"], leaf.UriNames);
        Assert.Equal(["localhost"], leaf.DnsNames);
        Assert.Equal([IPAddress.Loopback], leaf.IpAddresses);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Both_versions_of_tls_are_served(SslProtocols version)
    {
        await using var host = await GatewayHost.StartAsync();
        var options = host.Tls(null);
        options.EnabledSslProtocols = version;
        options.ApplicationProtocols = [SslApplicationProtocol.Http2];
        using var tls = await HandshakeAsync(host, options);

        Assert.Equal(version, tls.SslProtocol);
        Assert.Equal(SslApplicationProtocol.Http2, tls.NegotiatedApplicationProtocol);
    }

    [Fact]
    public async Task The_chain_is_accepted_by_openssl()
    {
        var openssl = Tool.Find("openssl");
        Assert.NotNull(openssl);
        await using var host = await GatewayHost.StartAsync();
        using var folder = new TempDirectory();
        var roots = folder.Write("roots.pem", host.Issuance.Ca.Snapshot.BundlePem);
        var result = await Tool.RunAsync(
            openssl, ["s_client", "-connect", $"127.0.0.1:{host.Port}", "-servername", "localhost", "-CAfile", roots, "-x509_strict",
                "-verify_return_error", "-verify_hostname", "localhost", "-alpn", "h2"], input: []);
        Assert.Contains("Verify return code: 0 (ok)", result.Output, StringComparison.Ordinal);
        Assert.Contains("ALPN protocol: h2", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_ca_handshakes_are_refused_and_readiness_says_why()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one =>
        {
            one.Issuance.HasCa = false;
            one.Issuance.NotReadyReason = "waiting for the key manager";
        });
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(host, null));
        var operations = host.OperationsClient();
        Assert.Equal(HttpStatusCode.OK, (await operations.GetAsync("/livez")).StatusCode);
        var ready = await operations.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        var text = await ready.Content.ReadAsStringAsync();
        Assert.Contains("waiting for the key manager", text, StringComparison.Ordinal);
        Assert.Contains("serving-certificate", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ca_that_comes_later_is_served_at_once()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Issuance.HasCa = false);
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(host, null));
        host.Issuance.HasCa = true;
        host.Issuance.RaiseIssuerChanged();
        await host.Serving.RefreshAsync();
        using var tls = await HandshakeAsync(host, null);
        Assert.True(tls.IsAuthenticated);
    }

    [Fact]
    public async Task A_reload_changes_new_connections_and_leaves_open_ones_alone()
    {
        await using var host = await GatewayHost.StartAsync();
        var channel = host.Channel();
        var options = new RpcCallOptions { Headers = CreateCertificateTests.Token("good") };
        await channel.UnaryAsync(CreateCertificateHandler.Path, CreateCertificateTests.Request(), IstioCertificateResponse.Parser, options);
        using var before = await HandshakeAsync(host, null);

        await host.Serving.RefreshAsync();
        using var after = await HandshakeAsync(host, null);
        Assert.NotEqual(before.RemoteCertificate!.GetSerialNumberString(), after.RemoteCertificate!.GetSerialNumberString());

        // The open connections still work: the old channel, and the raw stream.
        await channel.UnaryAsync(CreateCertificateHandler.Path, CreateCertificateTests.Request(), IstioCertificateResponse.Parser, options);
        await before.WriteAsync("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(before);
        Assert.StartsWith("HTTP/1.1 200", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_without_a_certificate_is_taken()
    {
        await using var host = await GatewayHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.Client().GetAsync("/v1/bundle")).StatusCode);
    }

    [Fact]
    public async Task A_certificate_of_another_root_is_refused_at_the_handshake_with_a_clear_log()
    {
        await using var host = await GatewayHost.StartAsync();
        var stranger = TestCa.Create().Client("/ns/shop/sa/cart");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => host.Client(stranger).GetAsync("/v1/bundle"));
        Assert.Contains(host.Logs.Lines, line => line.Contains("Client certificate", StringComparison.Ordinal) && line.Contains("UnknownAuthority", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_of_another_trust_domain_is_refused()
    {
        await using var host = await GatewayHost.StartAsync();
        var stranger = TestCa.Create("other.test").Client("/ns/shop/sa/cart");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => host.Client(stranger).GetAsync("/v1/bundle"));
        Assert.Contains(host.Logs.Lines, line => line.Contains("NoBundle", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_that_has_ended_is_refused()
    {
        await using var host = await GatewayHost.StartAsync();
        var old = host.Issuance.Ca.Client("/ns/shop/sa/cart", TimeSpan.FromMinutes(10), DateTimeOffset.UtcNow.AddMinutes(-20));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => host.Client(old).GetAsync("/v1/bundle"));
        Assert.Contains(host.Logs.Lines, line => line.Contains("Expired", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_self_made_certificate_is_refused()
    {
        await using var host = await GatewayHost.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=me", key, HashAlgorithmName.SHA256);
        var self = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => host.Client((self, [])).GetAsync("/v1/bundle"));
    }

    [Fact]
    public async Task A_connection_is_asked_to_close_before_its_client_certificate_ends()
    {
        // A life shorter than the drain is halved: asked to close after about two seconds.
        await using var host = await GatewayHost.StartAsync();
        var credentials = host.Issuance.Ca.Client("/ns/shop/sa/cart", TimeSpan.FromSeconds(4));
        var options = host.Tls(credentials);
        using var tls = await HandshakeAsync(host, options);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        // An idle connection that is asked to close ends cleanly, without a byte from the client.
        var read = await tls.ReadAsync(new byte[1024], limit.Token);
        Assert.Equal(0, read);
        Assert.True(DateTimeOffset.UtcNow < credentials.Certificate.NotAfter.ToUniversalTime().AddSeconds(2));
    }

    [Fact]
    public async Task Sessions_are_not_resumed()
    {
        await using var host = await GatewayHost.StartAsync();
        var openssl = Tool.Find("openssl");
        Assert.NotNull(openssl);
        var result = await Tool.RunAsync(
            openssl, ["s_client", "-connect", $"127.0.0.1:{host.Port}", "-servername", "localhost", "-tls1_2", "-reconnect"], input: []);
        Assert.True(result.Output.Split("New, TLSv1.2").Length > 3, result.ToString());
        Assert.DoesNotContain("Reused, TLSv1.2", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bodies_over_the_bound_are_refused_with_a_problem()
    {
        await using var host = await GatewayHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/svids") { Content = JsonContent.Create(new { csr = new string('x', 70_000) }) };
        request.Headers.Add("authorization", "Bearer good");
        var reply = await host.Client().SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reply.StatusCode);
        Assert.Equal("application/problem+json", reply.Content.Headers.ContentType?.MediaType);
    }

    private static async Task<SslStream> HandshakeAsync(GatewayHost host, SslClientAuthenticationOptions? options)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, host.Port);
        var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsClientAsync(options ?? host.Tls(null));
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            client.Dispose();
            throw;
        }
    }
}
