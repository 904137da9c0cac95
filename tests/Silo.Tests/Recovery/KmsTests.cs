using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.KeyVaultEmulator;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

/// <summary>A silo whose root key lives in a vault: what it costs, and what happens when the vault is away or loses its replies.</summary>
[Collection(EmulatedVault.Collection)]
public sealed class KmsTests
{
    [Fact]
    public async Task The_vaults_key_signs_the_root_and_the_issuing_ca_and_no_other_key_is_made()
    {
        using var folder = new TempDirectory();
        await using var vault = await EmulatedVault.StartAsync(folder);
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), null, vault.Settings);

        Assert.Equal(["EC", "RSA"], vault.Keys().Select(key => key.Type).Order());
        using var rootKey = ECDsa.Create();
        rootKey.ImportSubjectPublicKeyInfo(vault.Keys().Single(key => key.Type == "EC").SubjectPublicKeyInfo, out _);
        var root = Read(await File.ReadAllTextAsync(silo.BundlePath));
        var issuer = Read(silo.Services.GetRequiredService<IssuerSource>().Current!.ChainPem);
        Assert.Equal(rootKey.ExportSubjectPublicKeyInfo(), root.SubjectPublicKeyInfo.ToArray());
        foreach (var certificate in new[] { root, issuer })
        {
            Assert.True(rootKey.VerifyData(
                certificate.Tbs.Span, certificate.Signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence), "the vault's key did not sign");
        }

        Assert.Equal((2, 2, 1, 1), Costs(vault));
    }

    [Fact]
    public async Task A_later_start_costs_one_signature_and_one_unwrap_and_makes_nothing()
    {
        using var folder = new TempDirectory();
        await using var vault = await EmulatedVault.StartAsync(folder);
        string root;
        await using (var silo = await RunningSilo.StartAsync(folder.File("data"), null, vault.Settings))
        {
            root = await File.ReadAllTextAsync(silo.BundlePath);
        }

        vault.Host.Calls.Clear();
        await using (var silo = await RunningSilo.StartAsync(folder.File("data"), null, vault.Settings))
        {
            Assert.Equal(root, await File.ReadAllTextAsync(silo.BundlePath));
            Assert.Equal((0, 1, 0, 1), Costs(vault));

            // Workloads cost nothing.
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal(HttpStatusCode.OK, (await silo.FetchAsync(await silo.JoinTokenAsync($"spiffe://test.mesh/hello-{i}"))).Status);
            }

            Assert.Equal((0, 1, 0, 1), Costs(vault));
        }

        Assert.Equal(2, vault.Keys().Count);
    }

    [Fact]
    public async Task While_the_vault_is_away_the_standing_ca_goes_on_issuing()
    {
        using var folder = new TempDirectory();
        await using var vault = await EmulatedVault.StartAsync(folder);
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), null, vault.Settings);

        await vault.LeaveAsync();

        var (status, body, svid) = await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/hello"));
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        var (renewed, renewal, _) = await silo.FetchAsync(token: null, svid);
        Assert.True(renewed == HttpStatusCode.OK, renewal.ToJsonString());
        Assert.Equal(HttpStatusCode.OK, (await silo.ReadinessAsync()).Status);
    }

    [Fact]
    public async Task A_silo_that_starts_without_the_vault_refuses_at_once_says_why_and_recovers_by_itself()
    {
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens("ES256");
        await using var vault = await EmulatedVault.StartAsync(folder);
        string root;
        await using (var before = await RunningSilo.StartAsync(folder.File("data"), tokens, vault.Settings))
        {
            root = await File.ReadAllTextAsync(before.BundlePath);
        }

        await vault.LeaveAsync();
        await using var silo = await RunningSilo.StartUnreadyAsync(folder.File("data"), tokens, vault.Settings);

        var (status, report) = await silo.ReadinessAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("key manager", report, StringComparison.Ordinal);
        var asked = Stopwatch.GetTimestamp();
        var refusal = await silo.Services.GetRequiredService<IIssuanceService>().IssueAsync(
            new SvidRequest(new AuthenticatedCaller { Kind = CallerKind.KubernetesToken, Name = "k8s:prod/shop/cart", Source = RunningSilo.Source }, Array.Empty<byte>(), null, "request"),
            CancellationToken.None);
        Assert.Equal(RefusalCode.Unavailable, refusal.Refusal!.Code);
        Assert.NotNull(refusal.Refusal.RetryAfter);
        Assert.Contains("key manager", refusal.Refusal.Message, StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(asked) < TimeSpan.FromSeconds(2), "the refusal waited for something");

        // And over the wire, under the certificate of the last run.
        var (refused, problem, _) = await silo.FetchAsync(tokens.Create("shop", "cart"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused);
        Assert.Equal("not_ready", (string?)problem["reason"]);

        await vault.ReturnAsync();
        await silo.ReadyAsync();
        var (issued, body, _) = await silo.FetchAsync(tokens.Create("shop", "cart"));
        Assert.True(issued == HttpStatusCode.OK, body.ToJsonString());
        Assert.Equal(root, await File.ReadAllTextAsync(silo.BundlePath));
        Assert.Equal(2, vault.Keys().Count);
    }

    [Fact]
    public async Task Lost_replies_of_the_vault_make_no_second_key_and_no_second_root()
    {
        using var folder = new TempDirectory();
        await using var vault = await EmulatedVault.StartAsync(folder);
        vault.Host.Faults.Plan(EmulatorFault.LoseReply, times: 2, operation: "create");
        vault.Host.Faults.Plan(EmulatorFault.LoseReply, times: 2, operation: "sign");

        await using var silo = await RunningSilo.StartAsync(folder.File("data"), null, vault.Settings);

        Assert.Equal(["EC", "RSA"], vault.Keys().Select(key => key.Type).Order());
        Assert.Equal((2, 4), (vault.Host.Calls["create"], vault.Host.Calls["sign"]));
        var records = await silo.Services.GetRequiredService<IIssuanceLog>().ListAsync(RunningSilo.TrustDomain, null, 100, CancellationToken.None);
        Assert.Single(records, record => record.Record.Kind == IssuanceRecordKind.RootAuthority);
        Assert.Single(records, record => record.Record.Kind == IssuanceRecordKind.IssuingCa);
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(silo.BundlePath);
        Assert.Single(roots);
        Assert.Equal(HttpStatusCode.OK, (await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/hello"))).Status);
    }

    /// <summary>What moves money at the vault: keys made, signatures, wraps, unwraps.</summary>
    private static (int Create, int Sign, int Wrap, int Unwrap) Costs(EmulatedVault vault)
    {
        var calls = vault.Host.Calls;
        return (calls["create"], calls["sign"], calls["wrapkey"], calls["unwrapkey"]);
    }

    private static ParsedCertificate Read(string pem) => ParsedCertificate.Read(Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]));
}
