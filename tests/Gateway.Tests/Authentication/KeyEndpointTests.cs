using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Gateway.Tests.Authentication;

public sealed class KeyEndpointTests : IDisposable
{
    private const string WellKnown = "/.well-known/openid-configuration";

    private readonly KubernetesTokens _issuer = new("ES256");
    private readonly TempDirectory _folder = new();

    public void Dispose()
    {
        _issuer.Dispose();
        _folder.Dispose();
    }

    private static KeySource Source(KubernetesIssuerOptions options)
    {
        using var factory = new KubernetesSourceFactory(TimeProvider.System, NullLoggerFactory.Instance);
        return factory.Make(new AttestationOptions { Kubernetes = { options } }).All[0].Keys!;
    }

    private static KubernetesIssuerOptions Discovery(string address) => new()
    {
        Name = "prod", Issuer = KubernetesTokens.DefaultIssuer, Discovery = address, AllowInsecureLoopback = true, Timeout = TimeSpan.FromSeconds(30),
    };

    private async Task<bool> FindsKeyAsync(KubernetesIssuerOptions options)
    {
        var lookup = await Source(options).FindAsync(_issuer.KeyId, CancellationToken.None);
        Assert.True(lookup.Key is not null || lookup.RetryAfter is not null);
        return lookup.Key is not null;
    }

    [Fact]
    public async Task Discovery_finds_the_keys_of_the_configured_issuer()
    {
        await using var server = await LoopbackServer.StartAsync(http => http.Response.WriteAsync(
            http.Request.Path == WellKnown ? _issuer.Discovery($"http://{http.Request.Host}/openid/v1/jwks")
            : http.Request.Path == "/openid/v1/jwks" ? _issuer.Jwks() : "nothing"));
        Assert.True(await FindsKeyAsync(Discovery(server.Address)));
        Assert.True(await FindsKeyAsync(Discovery(server.Address + "/")));
    }

    [Fact]
    public async Task Discovery_at_another_issuer_than_the_configured_one_gives_no_keys()
    {
        await using var server = await LoopbackServer.StartAsync(http => http.Response.WriteAsync(
            http.Request.Path == WellKnown
                ? _issuer.Discovery($"http://{http.Request.Host}/jwks").Replace(KubernetesTokens.DefaultIssuer, "https://other.example", StringComparison.Ordinal)
                : _issuer.Jwks()));
        Assert.False(await FindsKeyAsync(Discovery(server.Address)));
    }

    [Theory]
    [InlineData("http://192.0.2.1/jwks")]
    [InlineData("file:///etc/passwd")]
    [InlineData("/jwks")]
    [InlineData("")]
    public async Task A_jwks_uri_that_is_neither_https_nor_loopback_is_not_followed(string jwksUri)
    {
        await using var server = await LoopbackServer.StartAsync(http => http.Response.WriteAsync(_issuer.Discovery(jwksUri)));
        Assert.False(await FindsKeyAsync(Discovery(server.Address)));
    }

    [Fact]
    public async Task Plain_http_on_loopback_needs_to_be_allowed()
    {
        Assert.False(EndpointAddress.TryParse("http://127.0.0.1:1/", allowInsecureLoopback: false, out _));
        Assert.True(EndpointAddress.TryParse("http://127.0.0.1:1/", allowInsecureLoopback: true, out _));
        Assert.False(EndpointAddress.TryParse("http://10.0.0.1/", allowInsecureLoopback: true, out _));
        Assert.False(EndpointAddress.TryParse("https://user:secret@10.0.0.1/", allowInsecureLoopback: true, out _));
        await using var server = await LoopbackServer.StartAsync(http => http.Response.WriteAsync(_issuer.Discovery($"http://{http.Request.Host}/jwks")));
        var client = new EndpointClient(null, null, TimeSpan.FromSeconds(5), TimeProvider.System);
        var loader = new DiscoveryLoader(client, KubernetesTokens.DefaultIssuer, new Uri(server.Address), allowInsecureLoopback: false);
        await Assert.ThrowsAsync<SourceUnavailableException>(() => loader.LoadAsync(VerificationKeySet.Empty, CancellationToken.None));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        var followed = false;
        await using var server = await LoopbackServer.StartAsync(http =>
        {
            followed |= http.Request.Path == "/other";
            http.Response.Redirect("/other");
            return Task.CompletedTask;
        });
        Assert.False(await FindsKeyAsync(new KubernetesIssuerOptions { Name = "p", Issuer = "i", JwksUri = server.Address + "/jwks" }));
        Assert.False(followed);
    }

    [Theory]
    [InlineData(true, "has 67108864 bytes")]
    [InlineData(false, "has more than 1048576 bytes")]
    public async Task An_answer_above_1_MB_is_not_read(bool lengthTold, string expected)
    {
        await using var server = await LoopbackServer.StartAsync(async http =>
        {
            http.Response.ContentLength = lengthTold ? 64L * 1024 * 1024 : null;
            var chunk = new byte[64 * 1024];
            chunk.AsSpan().Fill((byte)' ');
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await http.Response.Body.WriteAsync(chunk, http.RequestAborted);
            }
        });
        using var client = new EndpointClient(null, null, TimeSpan.FromSeconds(30), TimeProvider.System);
        var loader = new JwksEndpointLoader(client, new Uri(server.Address));
        var failure = await Assert.ThrowsAsync<SourceUnavailableException>(() => loader.LoadAsync(VerificationKeySet.Empty, CancellationToken.None));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_does_not_answer_is_given_up_in_time()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync(http =>
        {
            asked.TrySetResult();
            return Task.Delay(Timeout.Infinite, http.RequestAborted);
        });
        using var client = new EndpointClient(null, null, TimeSpan.FromSeconds(5), time);
        var asking = client.GetAsync(new Uri(server.Address), 1000, CancellationToken.None);
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(5));
        var failure = await Assert.ThrowsAsync<SourceUnavailableException>(() => asking);
        Assert.Contains("did not answer", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_endpoint_must_chain_to_the_configured_CA_and_gets_the_configured_token()
    {
        using var ca = MakeCa("one");
        using var otherCa = MakeCa("two");
        using var serving = MakeServing(ca);
        string? sent = null;
        await using var server = await LoopbackServer.StartAsync(
            http =>
            {
                sent = http.Request.Headers.Authorization;
                return http.Response.WriteAsync(_issuer.Jwks());
            },
            serving);
        await File.WriteAllTextAsync(_folder.File("ca.pem"), otherCa.ExportCertificatePem());
        await File.WriteAllTextAsync(_folder.File("token"), "own-token\n");
        var time = new FakeTimeProvider();
        using var client = new EndpointClient(_folder.File("ca.pem"), _folder.File("token"), TimeSpan.FromSeconds(30), time);
        var address = new Uri(server.Address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        await Assert.ThrowsAsync<SourceUnavailableException>(() => client.GetAsync(address, 100_000, CancellationToken.None));
        Assert.Null(sent);

        await File.WriteAllTextAsync(_folder.File("ca.pem"), ca.ExportCertificatePem());
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.NotEmpty(await client.GetAsync(address, 100_000, CancellationToken.None));
        Assert.Equal("Bearer own-token", sent);

        await File.WriteAllTextAsync(_folder.File("token"), "next-token");
        await client.GetAsync(address, 100_000, CancellationToken.None);
        Assert.Equal("Bearer own-token", sent);
        time.Advance(TimeSpan.FromSeconds(30));
        await client.GetAsync(address, 100_000, CancellationToken.None);
        Assert.Equal("Bearer next-token", sent);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.NoContent)]
    public async Task Any_status_but_200_gives_no_keys(HttpStatusCode status)
    {
        await using var server = await LoopbackServer.StartAsync(http =>
        {
            http.Response.StatusCode = (int)status;
            return Task.CompletedTask;
        });
        Assert.False(await FindsKeyAsync(new KubernetesIssuerOptions { Name = "p", Issuer = "i", JwksUri = server.Address }));
    }

    private static X509Certificate2 MakeCa(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }

    private static X509Certificate2 MakeServing(X509Certificate2 ca)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(ca, ca.NotBefore, ca.NotAfter, [1, 2, 3, 4]);
        using var bound = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(bound.Export(X509ContentType.Pfx), null);
    }
}
