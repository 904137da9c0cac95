using System.Text.Json.Nodes;
using MeshGrains.Gateway.Acme;
using MeshGrains.Gateway.Federation;
using MeshGrains.Grains;
using MeshGrains.LocalCluster;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans;

namespace MeshGrains.Silo.Tests;

public sealed class AcmeSiloTests
{
    [SkippableFact]
    public async Task A_silo_gets_its_bundle_endpoints_certificate_a_peer_verifies_it_and_it_outlives_a_restart_sealed()
    {
        var curl = Tool.Require("curl", "curl");
        using var folder = new TempDirectory();
        var (tlsPort, httpPort) = (LoopbackPort.Free(), LoopbackPort.Free());
        await using var pebble = await PebbleServer.StartAsync(folder, tlsPort, httpPort);
        string[] settings =
        [
            $"federation.endpoint.listen=127.0.0.1:{tlsPort}", "federation.endpoint.profile=https_web", "federation.endpoint.acme.domainName=localhost",
            "federation.endpoint.acme.termsOfServiceAgreed=true", $"federation.endpoint.acme.directoryUrl={pebble.DirectoryUrl}", $"federation.endpoint.acme.caFile={pebble.CaFile}",
            $"federation.endpoint.acme.externalAccountKeyId={PebbleServer.KeyId}", $"federation.endpoint.acme.externalAccountKeyFile={folder.Write("eab", PebbleServer.MacKey)}",
        ];
        string serial;
        await using (var silo = await RunningSilo.StartAsync(folder.File("data"), null, settings))
        {
            serial = await SerialAsync(silo);
            var fetched = Tool.Run(curl, ["--silent", "--show-error", "--fail", "--cacert", pebble.RootFile, $"https://localhost:{tlsPort}/"]).EnsureSuccess();
            Assert.NotEmpty(JsonNode.Parse(fetched.Output)!["keys"]!.AsArray());

            using var fetcher = new BundleFetcher(Options.Create(new FederationOptions()), TimeProvider.System);
            var answer = await fetcher.FetchAsync(
                new BundleQuestion(new Uri($"https://localhost:{tlsPort}/"), BundleEndpointProfile.Web, null, null, await File.ReadAllTextAsync(pebble.RootFile)), CancellationToken.None);
            Assert.True(answer.Body is { Length: > 0 }, answer.Message);

            // The grain holds a box, and no key in clear.
            var stored = await silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IAcmeGrain>($"{SiloClient.TrustDomain}/main").GetAsync();
            Assert.True(stored.Number > 0);
            var document = silo.Services.GetRequiredService<AcmeCertificate>().Document;
            Assert.Equal(-1, stored.Box.AsSpan().IndexOf("accountKey"u8));
            Assert.Equal(-1, stored.Box.AsSpan().IndexOf(document.Key.AsSpan()[..16]));
        }

        // The CA is gone: what was stored serves.
        await pebble.DisposeAsync();
        await using var again = await RunningSilo.StartAsync(folder.File("data"), null, settings);
        Assert.Equal(serial, await SerialAsync(again));
    }

    private static async Task<string> SerialAsync(RunningSilo silo)
    {
        var certificate = silo.Services.GetRequiredService<AcmeCertificate>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (certificate.Current is null)
        {
            Assert.False(patience.IsCancellationRequested, certificate.Document.Failure ?? "no certificate, and no reason");
            await Task.Delay(20);
        }

        return certificate.Current.TargetCertificate.SerialNumber;
    }
}
