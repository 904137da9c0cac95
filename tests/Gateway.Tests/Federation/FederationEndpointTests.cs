using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Gateway.Federation;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Federation;

public sealed class FederationEndpointTests
{
    [Fact]
    public async Task By_https_spiffe_our_own_fetcher_gets_our_bundle_by_the_gateways_SVID()
    {
        await using var host = await StartAsync(endpoint => endpoint.Listen = "127.0.0.1:0");
        using var fetcher = new BundleFetcher(Options.Create(new FederationOptions()), TimeProvider.System);
        var bundle = host.Issuance.Ca.Snapshot.Bundle;
        var question = new BundleQuestion(Url(host), BundleEndpointProfile.Spiffe, SpiffeId.FromPath(bundle.TrustDomain, "/meshgrains/gateway"), bundle, null);

        var answer = await fetcher.FetchAsync(question, CancellationToken.None);

        Assert.True(SpiffeBundle.TryRead(answer.Body, bundle.TrustDomain, out var read, out _), answer.Message);
        Assert.True(read.HasSameAuthorities(bundle));
        Assert.NotNull(read.Sequence);
        Assert.Equal("endpoint_identity", (await fetcher.FetchAsync(question with { Endpoint = SpiffeId.FromPath(bundle.TrustDomain, "/other") }, CancellationToken.None)).Reason);
    }

    [Fact]
    public async Task Nothing_but_the_bundle_is_there_and_a_reader_that_has_it_is_told_so()
    {
        await using var host = await StartAsync(endpoint => endpoint.Listen = "127.0.0.1:0");
        using var client = Client();
        using var bundle = await client.GetAsync(Url(host));
        Assert.Equal("application/json", bundle.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("public, max-age=", bundle.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        using var again = new HttpRequestMessage(HttpMethod.Get, Url(host));
        again.Headers.IfNoneMatch.Add(bundle.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await client.SendAsync(again)).StatusCode);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await client.PostAsync(Url(host), null)).StatusCode);
        foreach (var path in new[] { "v1/entries", "v1/status", "metrics", "readyz", "v1/bundle.pem", "openapi/v1.json" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri(Url(host), path))).StatusCode);
        }
    }

    [Fact]
    public async Task By_https_web_the_certificate_comes_from_files_and_a_renewed_one_is_shown()
    {
        using var folder = new TempDirectory();
        Write(folder, "first");
        await using var host = await StartAsync(endpoint =>
            (endpoint.Listen, endpoint.Profile, endpoint.CertificateFile, endpoint.KeyFile) = ("127.0.0.1:0", BundleEndpointProfile.Web, folder.File("c.pem"), folder.File("k.pem")));
        Assert.Equal("CN=first", await ShownAsync(host));

        Write(folder, "second");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await ShownAsync(host) != "CN=second")
        {
            Assert.False(patience.IsCancellationRequested, "the renewed certificate is never shown");
            await Task.Delay(100);
        }
    }

    private static Task<GatewayHost> StartAsync(Action<FederationEndpointOptions> endpoint) =>
        GatewayHost.StartAsync(prepare: host => host.Federation = options => endpoint(options.Endpoint));

    private static Uri Url(GatewayHost host) => new($"https://localhost:{host.App.Services.GetRequiredService<GatewayEndpoints>().Federation!.Port}/");

    private static HttpClient Client(Action<X509Certificate?>? shown = null) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                shown?.Invoke(certificate);
                return certificate is not null;
            },
        },
    });

    private static async Task<string?> ShownAsync(GatewayHost host)
    {
        string? subject = null;
        using var client = Client(certificate => subject = certificate?.Subject);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(Url(host))).StatusCode);
        return subject;
    }

    private static void Write(TempDirectory folder, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(folder.File("k.pem"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(folder.File("c.pem"), certificate.ExportCertificatePem());
    }
}
