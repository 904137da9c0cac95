using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using MeshGrains.Gateway.Acme;
using MeshGrains.Gateway.Federation;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.LocalCluster;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Acme;

/// <summary>A foreign ACME CA issues, and foreign clients verify.</summary>
public sealed class PebbleTests : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly MemoryAcmeStore _store = new();
    private readonly int _tlsPort = LoopbackPort.Free();
    private readonly int _httpPort = LoopbackPort.Free();
    private PebbleServer? _pebble;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_pebble is not null)
        {
            await _pebble.DisposeAsync();
        }
    }

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task By_tls_alpn_01_one_endpoint_orders_another_answers_for_it_both_serve_and_a_renewal_replaces_the_certificate_under_way()
    {
        _pebble = await PebbleServer.StartAsync(_folder, _tlsPort, _httpPort);

        // The CA asks at this one, which never orders.
        await using var asked = await StartAsync($"127.0.0.1:{_tlsPort}", writes: false);
        await RefusesAsync(asked);
        Assert.Contains("has no certificate", Note(asked)!, StringComparison.Ordinal);
        await using var orders = await StartAsync("127.0.0.1:0", writes: true);
        await ShowsAsync(orders, _ => true);
        await RenewalOf(asked).LookAsync(CancellationToken.None);
        var first = Shown(asked)!;
        Assert.Equal(first.SerialNumber, Shown(orders)!.SerialNumber);
        Assert.Null(Note(asked));

        foreach (var host in new[] { asked, orders })
        {
            using var fetcher = new BundleFetcher(Options.Create(new FederationOptions()), TimeProvider.System);
            var question = new BundleQuestion(Url(host), BundleEndpointProfile.Web, null, null, await File.ReadAllTextAsync(_pebble.RootFile));
            var answer = await fetcher.FetchAsync(question, CancellationToken.None);
            Assert.True(SpiffeBundle.TryRead(answer.Body, host.Issuance.Ca.Snapshot.Bundle.TrustDomain, out _, out _), answer.Message);
        }

        // Nothing is proven any more, and nobody gets a challenge's certificate.
        Assert.Empty(_store.Document.Answers);
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(asked, "acme-tls/1"));

        _store.Change(document => document with { Window = new AcmeWindow(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1), DateTimeOffset.MaxValue) });
        await RenewalOf(orders).LookAsync(CancellationToken.None);
        await ShowsAsync(orders, certificate => certificate.SerialNumber != first.SerialNumber);
        await HandshakeAsync(orders, "http/1.1");
        Assert.Contains(orders.Logs.Lines, line => line.Contains("The CA issued a certificate for localhost", StringComparison.Ordinal));
        Assert.DoesNotContain(orders.Logs.Lines, line => line.Contains(PebbleServer.MacKey, StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task By_http_01_a_listener_of_its_own_answers_the_challenge_and_nothing_else_and_curl_and_openssl_take_the_certificate()
    {
        var (curl, openssl) = (Tool.Require("curl", "curl"), Tool.Require("openssl", "openssl"));
        _pebble = await PebbleServer.StartAsync(_folder, _tlsPort, _httpPort);
        await using var host = await StartAsync("127.0.0.1:0", writes: true, acme => (acme.Challenge, acme.HttpListen) = (FederationAcmeOptions.Http, $"127.0.0.1:{_httpPort}"));
        await ShowsAsync(host, _ => true);

        var fetched = Tool.Run(curl, ["--silent", "--show-error", "--fail", "--cacert", _pebble.RootFile, Url(host).AbsoluteUri]).EnsureSuccess();
        Assert.NotEmpty(JsonNode.Parse(fetched.Output)!["keys"]!.AsArray());
        var verified = Tool.Run(
            openssl, ["s_client", "-connect", $"127.0.0.1:{Url(host).Port}", "-servername", "localhost", "-CAfile", _pebble.RootFile, "-verify_return_error", "-verify_hostname", "localhost"], input: []);
        Assert.Contains("Verify return code: 0 (ok)", verified.Output, StringComparison.Ordinal);

        using var http = new HttpClient();
        foreach (var path in new[] { "", "v1/bundle", "readyz", ".well-known/acme-challenge/other" })
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{_httpPort}/{path}"));
            Assert.Equal(404, (int)answer.StatusCode);
        }
    }

    [SkippableFact]
    public async Task An_order_that_fails_is_told_with_the_CAs_reason_and_leaves_the_certificate_in_use()
    {
        _pebble = await PebbleServer.StartAsync(_folder, _tlsPort, _httpPort);

        // Nobody answers where the CA asks.
        await using var host = await StartAsync("127.0.0.1:0", writes: true);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (_store.Document.Failures == 0)
        {
            await Task.Delay(50, patience.Token);
        }

        Assert.Contains("could not verify localhost by tls-alpn-01", _store.Document.Failure!, StringComparison.Ordinal);
        await RefusesAsync(host);
        using var operations = new HttpClient();
        Assert.Contains("could not verify localhost", await operations.GetStringAsync(new Uri($"http://127.0.0.1:{host.OperationsPort}/readyz")), StringComparison.Ordinal);
        var metrics = await operations.GetStringAsync(new Uri($"http://127.0.0.1:{host.OperationsPort}/metrics"));
        Assert.Contains("meshgrains_federation_endpoint_certificate_expiry_seconds -1", metrics, StringComparison.Ordinal);
        Assert.Contains("meshgrains_federation_acme_failures 1", metrics, StringComparison.Ordinal);
    }

    private Task<GatewayHost> StartAsync(string listen, bool writes, Action<FederationAcmeOptions>? change = null) => GatewayHost.StartAsync(prepare: host =>
    {
        host.AcmeStore = _store.For(writes);
        host.Federation = options =>
        {
            (options.Endpoint.Listen, options.Endpoint.Profile) = (listen, BundleEndpointProfile.Web);
            options.Endpoint.Acme = new FederationAcmeOptions
            {
                DomainName = "localhost", Email = "mesh@example.org", TermsOfServiceAgreed = true, DirectoryUrl = _pebble!.DirectoryUrl, CaFile = _pebble.CaFile,
                ExternalAccountKeyId = PebbleServer.KeyId, ExternalAccountKeyFile = _folder.Write("eab", PebbleServer.MacKey + "\n"),
            };
            change?.Invoke(options.Endpoint.Acme);
        };
    });

    private async Task ShowsAsync(GatewayHost host, Func<X509Certificate2, bool> wanted)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Shown(host) is not { } shown || !wanted(shown))
        {
            Assert.False(patience.IsCancellationRequested, $"{_store.Document.Failure}\n{string.Join('\n', host.Logs.Lines)}\n{_pebble!.Output}");
            await Task.Delay(20);
        }
    }

    private static X509Certificate2? Shown(GatewayHost host) => host.App.Services.GetRequiredService<AcmeCertificate>().Current?.TargetCertificate;

    private static AcmeRenewal RenewalOf(GatewayHost host) => host.App.Services.GetServices<IHostedService>().OfType<AcmeRenewal>().Single();

    private static string? Note(GatewayHost host) => host.App.Services.GetServices<IReadinessCheck>().Single(check => check.Name == "federation-certificate").Note;

    private static Uri Url(GatewayHost host) => new($"https://localhost:{host.App.Services.GetRequiredService<GatewayEndpoints>().Federation!.Port}/");

    private static async Task RefusesAsync(GatewayHost host)
    {
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(host, "http/1.1"));
        Assert.Contains(host.Logs.Lines, line => line.Contains("refused: it has no certificate", StringComparison.Ordinal));
    }

    private static async Task HandshakeAsync(GatewayHost host, string protocol)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync("127.0.0.1", Url(host).Port);
        await using var tls = new SslStream(socket.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost", ApplicationProtocols = [new SslApplicationProtocol(protocol)], RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
        });
    }
}
