using System.Net;
using System.Security.Cryptography;
using MeshGrains.Gateway;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

/// <summary>Each part has its own tests with the others off; here they start together, where two services that wait for one another would hold the silo up for ever.</summary>
public sealed class EverythingOnTests
{
    [Fact]
    public async Task A_silo_with_every_part_switched_on_starts_serves_and_stops()
    {
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens();
        var clusters = WriteClusterIdentity(folder.File("clusters"));
        await using var silo = await RunningSilo.StartAsync(
            folder.File("data"), tokens, "relay.listen=127.0.0.1:0", "relay.administration=true", "authority.listen=127.0.0.1:0", $"authority.identity={clusters}",
            "authority.clusters.0.name=eu", "authority.clusters.0.allowedPaths.0=/ns/eu", $"authority.clusters.0.siloCaFile={Path.Combine(clusters, "ca.pem")}",
            "publish.files.0.name=edge", $"publish.files.0.path={folder.File("ca.pem")}", "revocation.crl=true", "jwt.issuer=https://issuer.test.mesh",
            "attestation.kubernetes.0.cluster=main", "federation.endpoint.listen=127.0.0.1:0", "federation.relationships.0.trustDomain=other.mesh", "federation.relationships.0.url=https://127.0.0.1:1/",
            "federation.relationships.0.profile=https_web", $"nodeAttestation.x509pop.caFile={Path.Combine(clusters, "ca.pem")}", "ca.nameConstraints=true",
            "ca.allowShortLives=true", "rotation.lookEvery=200ms");
        using var operations = new HttpClient { BaseAddress = silo.Operations };

        var (status, body, svid) = await silo.FetchAsync(tokens.Create("shop", "web"));
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        Assert.NotNull(svid);
        var endpoints = silo.Services.GetRequiredService<GatewayEndpoints>();
        Assert.All([endpoints.Relay, endpoints.Authority, endpoints.Federation], at => Assert.InRange(at!.Port, 1, 65_535));
        var lists = await UntilAsync(operations, "/crl/all.pem", page => page.Contains("BEGIN X509 CRL", StringComparison.Ordinal));
        Assert.Contains("END X509 CRL", lists, StringComparison.Ordinal);
        await silo.PostAsync("/v1/rotation", new { reason = "a test" });
        await UntilAsync(operations, "/metrics", page =>
            page.Contains("meshgrains_published_lag_seconds{target=\"edge\"} 0\n", StringComparison.Ordinal)
            && page.Contains("\nmeshgrains_rotation_phase ", StringComparison.Ordinal)
            && page.Split('\n').Any(line => line.StartsWith("meshgrains_authority_expiry_seconds{", StringComparison.Ordinal) && line.Contains("kind=\"jwt\"", StringComparison.Ordinal)));
    }

    private static async Task<string> UntilAsync(HttpClient client, string path, Func<string, bool> enough)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            using var response = await client.GetAsync(path, patience.Token);
            var page = await response.Content.ReadAsStringAsync(patience.Token);
            if (response.IsSuccessStatusCode && enough(page))
            {
                return page;
            }

            await Task.Delay(50, patience.Token);
        }
    }

    private static string WriteClusterIdentity(string directory)
    {
        using var ca = BootstrapAuthority.Create(SiloClient.TrustDomain, TimeSpan.FromDays(1), new RandomSerialSource(), DateTimeOffset.UtcNow);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = ca.Issue(
            BootstrapNames.ClusterRole, "main", key.ExportSubjectPublicKeyInfo(), ["localhost"], TimeSpan.FromHours(12), new RandomSerialSource(), DateTimeOffset.UtcNow);
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "silo.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(directory, "silo.pem"), PemWriter.EncodeCertificate(certificate));
        File.WriteAllText(Path.Combine(directory, "ca.pem"), PemWriter.EncodeCertificate(ca.CertificateDer));
        return directory;
    }
}
