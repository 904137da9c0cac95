using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MeshGrains.Gateway;
using MeshGrains.Gateway.Clusters;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans;

namespace MeshGrains.Silo.Tests;

/// <summary>A home and a member, each a whole silo with its own data directory, keys and bootstrap CA, linked over mutual TLS.</summary>
public sealed class SeveralClustersTests : IDisposable
{
    private static readonly string[] Quick =
    [
        "ca.allowShortLives=true", "rotation.lookEvery=200ms", "rotation.hold=0s", "rotation.outsideLag=0s", "rotation.automatic=false",

        // Each gateway's own certificate lives for an hour; what a member's count holds back is shown with grains alone.
        "rotation.withoutGates.0=certificates", "denials.lease=3s", "jwt.enabled=false",
    ];

    private readonly TempDirectory _folder = new();
    private readonly BootstrapAuthority _clusters = NewCa();
    private int _port;

    [Fact]
    public async Task A_member_issues_under_the_homes_root_goes_on_without_it_and_holds_a_rotation_until_it_follows()
    {
        WriteIdentity("clusters/main", _clusters, BootstrapNames.ClusterRole, "main");
        WriteIdentity("clusters/eu", _clusters, BootstrapNames.ClusterRole, "eu");
        using var euSilos = NewCa();
        WriteIdentity("eu-silo", euSilos, BootstrapNames.AuthorityRole, "silo-1");
        var home = await StartHomeAsync();
        var member = await StartMemberAsync();
        try
        {
            var svid = await IssueAsync(member);
            Assert.Equal(RootOf(home), RootOf(member));
            var refused = await member.Admin.PostAsync("/v1/entries", new StringContent("{\"spiffeId\":\"spiffe://test.mesh/ns/us/web\"}", null, "application/json"));
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains("home.allowedPaths", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);

            await OnlyListedClustersAreHeardAsync();
            var leaked = $"spiffe://{SiloClient.TrustDomain}/ns/eu/leaked";
            var token = await member.JoinTokenAsync(leaked);
            var number = await QuarantineAsync(home, leaked);
            await UntilAsync(async () => (await ReceiptInMemberAsync(home, number))["effectiveAt"] is not null);
            Assert.Equal(HttpStatusCode.Forbidden, (await member.FetchAsync(token)).Status);
            await home.DisposeAsync();
            Assert.NotEqual(svid, await IssueAsync(member));
            var kept = await member.Admin.DeleteAsync($"/v1/denials?spiffeId={leaked}&reason=clean");
            Assert.Equal(HttpStatusCode.Conflict, kept.StatusCode);
            await member.DisposeAsync();

            home = await StartHomeAsync();
            var later = await QuarantineAsync(home, $"{leaked}-too");
            await UntilAsync(async () => await ReceiptInMemberAsync(home, later) is var told && (bool)told["cutOff"]! && told["effectiveAt"] is null);
            var trustDomain = Grains(home).GetGrain<ITrustDomainGrain>(SiloClient.TrustDomain);
            var rotation = Grains(home).GetGrain<IRotationGrain>(SiloClient.TrustDomain);
            await trustDomain.StartRotationAsync(new StartRotation("rotate", "EcdsaP256", 3650L * 86_400, false, false, 0, "yearly", "ops"));
            await UntilAsync(async () =>
                (await rotation.StatusAsync()).Gates.FirstOrDefault(gate => gate.Name == RotationGate.Silos) is { IsOpen: false, Names: [var only] } && only.StartsWith("cluster eu:", StringComparison.Ordinal));
            Assert.Equal(RotationPhase.Distribute, (await trustDomain.GetAsync()).Rotation!.Phase);

            member = await StartMemberAsync();
            await UntilAsync(async () => await ReceiptInMemberAsync(home, later) is var told && !(bool)told["cutOff"]! && told["effectiveAt"] is not null);
            await UntilAsync(async () => (await trustDomain.GetAsync()).Rotation is { Phase: RotationPhase.Done });
            await UntilAsync(() => Task.FromResult(RootOf(home) == RootOf(member) && RootOf(home).Count == 1));
            await IssueAsync(member);
            var standing = Assert.Single(await home.Services.GetRequiredService<MemberClusters>().ListAsync());
            Assert.Equal(("eu", "/ns/eu"), (standing.Cluster, Assert.Single(standing.Report!.AllowedPaths)));
        }
        finally
        {
            await member.DisposeAsync();
            await home.DisposeAsync();
        }
    }

    [Fact]
    public void Each_token_issuer_of_a_member_names_the_cluster_that_it_is_bound_to()
    {
        string[] settings =
        [
            "cluster=eu", "home.address=127.0.0.1:1", "home.allowedPaths.0=/ns/eu", "attestation.kubernetes.0.name=a", "attestation.kubernetes.0.issuer=https://a.test",
            "attestation.kubernetes.0.discovery=true", "attestation.kubernetes.1.name=b", "attestation.kubernetes.1.issuer=https://b.test",
            "attestation.kubernetes.1.discovery=true", "attestation.kubernetes.1.cluster=us",
        ];
        var configuration = ConfigurationLoader.Load(null, [], settings.Select(setting => setting.Split('=', 2)).Select(pair => (pair[0], pair[1], "test")));

        var told = string.Join('\n', Assert.Throws<ConfigurationException>(() => SiloApplication.Validate(configuration)).Errors);

        Assert.Contains("'a' says no cluster", told, StringComparison.Ordinal);
        Assert.Contains("'b' is bound to the cluster 'us'", told, StringComparison.Ordinal);
        Assert.Contains("home.identity", told, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _clusters.Dispose();
        _folder.Dispose();
    }

    private static BootstrapAuthority NewCa() =>
        BootstrapAuthority.Create(SiloClient.TrustDomain, TimeSpan.FromDays(1), new RandomSerialSource(), DateTimeOffset.UtcNow);

    private static IGrainFactory Grains(RunningSilo silo) => silo.Services.GetRequiredService<IGrainFactory>();

    private static HashSet<string> Roots(RunningSilo silo) =>
        [.. silo.Services.GetRequiredService<IssuerSource>().Current!.Bundle.X509Authorities.Select(root => root.AuthorityId)];

    private static RootSet RootOf(RunningSilo silo) => new(string.Join(' ', Roots(silo).Order(StringComparer.Ordinal)), Roots(silo).Count);

    /// <summary>A certificate for a workload of the member, checked against the bundle of its control plane; its serial.</summary>
    private static async Task<string> IssueAsync(RunningSilo member)
    {
        var token = await member.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/ns/eu/web-{Guid.NewGuid():N}");
        var (status, body, svid) = await member.FetchAsync(token);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        var validation = X509SvidValidator.Validate(
            svid!.TargetCertificate.RawData, [.. svid.IntermediateCertificates.Select(der => (ReadOnlyMemory<byte>)der.RawData)],
            member.Services.GetRequiredService<IssuerSource>().Current!.Bundle, DateTimeOffset.UtcNow, new X509SvidValidationOptions());
        Assert.True(validation.IsValid, validation.Error);
        return svid.TargetCertificate.SerialNumber;
    }

    /// <summary>Gives the number of the home's denial set.</summary>
    private static async Task<long> QuarantineAsync(RunningSilo home, string identity)
    {
        var body = new JsonObject { ["spiffeId"] = identity, ["reason"] = "leaked" }.ToJsonString();
        var answer = await home.Admin.PostAsync("/v1/denials", new StringContent(body, null, "application/json"));
        return (long)JsonNode.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync())!["number"]!;
    }

    private static async Task<JsonNode> ReceiptInMemberAsync(RunningSilo home, long number) =>
        Assert.Single(JsonNode.Parse(await home.Admin.GetStringAsync($"/v1/denials/{number}"))!["clusters"]!.AsArray())!;

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            Assert.False(patience.IsCancellationRequested, "It did not happen within a minute.");
            await Task.Delay(50);
        }
    }

    /// <summary>Against the running home: what a listed cluster gets, nobody else does, and a member takes nobody else for its home.</summary>
    private async Task OnlyListedClustersAreHeardAsync()
    {
        using var foreign = NewCa();
        WriteIdentity("clusters/foreign", foreign, BootstrapNames.ClusterRole, "eu");
        WriteIdentity("clusters/us", _clusters, BootstrapNames.ClusterRole, "us");
        WriteIdentity("clusters/silo", _clusters, BootstrapNames.AuthorityRole, "eu");
        Assert.NotEmpty(await FetchAsync("eu", "main"));
        foreach (var (identity, homeName) in new[] { ("foreign", "main"), ("us", "main"), ("silo", "main"), ("eu", "other") })
        {
            var refused = await Assert.ThrowsAsync<GrainOperationException>(() => FetchAsync(identity, homeName));
            Assert.Equal((RefusalCode.Unavailable, "home_unreachable"), (refused.Code, refused.Reason));
        }

        async Task<byte[]> FetchAsync(string identity, string homeName)
        {
            var (time, home) = (TimeProvider.System, Options.Create(new HomeOptions { Address = $"127.0.0.1:{_port}", Cluster = homeName }));
            using var files = FileSiloBootstrap.Open(At($"clusters/{identity}"), SiloClient.TrustDomain, time);
            var credentials = new Credentials(files);
            var tls = new ClusterTls(
                credentials, new MeshScope(Options.Create(new TrustDomainOptions { Name = SiloClient.TrustDomain })), Options.Create(new AuthorityOptions()), home,
                Options.Create(new SvidOptions()), time, NullLogger<ClusterTls>.Instance);
            using var link = new HomeLink(credentials, tls, home, time);
            return await link.FetchAsync(CancellationToken.None);
        }
    }

    private async Task<RunningSilo> StartHomeAsync()
    {
        var home = await RunningSilo.StartAsync(
            At("home"), null,
            [
                .. Quick, $"authority.listen=127.0.0.1:{_port}", $"authority.identity={At("clusters/main")}", "authority.clusters.0.name=eu",
                "authority.clusters.0.allowedPaths.0=/ns/eu", $"authority.clusters.0.siloCaFile={At("eu-silo/ca.pem")}",
            ]);
        _port = home.Services.GetRequiredService<GatewayEndpoints>().Authority!.Port;
        return home;
    }

    private Task<RunningSilo> StartMemberAsync() => RunningSilo.StartAsync(
        At("eu"), null,
        [
            .. Quick, "cluster=eu", $"bootstrap={At("eu-silo")}", $"home.address=127.0.0.1:{_port}", $"home.identity={At("clusters/eu")}", "home.allowedPaths.0=/ns/eu",
        ]);

    private string At(string name) => _folder.File(name);

    private void WriteIdentity(string name, BootstrapAuthority ca, string role, string subject)
    {
        var directory = Directory.CreateDirectory(At(name)).FullName;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = ca.Issue(role, subject, key.ExportSubjectPublicKeyInfo(), ["localhost"], TimeSpan.FromHours(12), new RandomSerialSource(), DateTimeOffset.UtcNow);
        File.WriteAllText(Path.Combine(directory, "silo.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(directory, "silo.pem"), PemWriter.EncodeCertificate(certificate));
        File.WriteAllText(Path.Combine(directory, "ca.pem"), PemWriter.EncodeCertificate(ca.CertificateDer));
    }

    private sealed class Credentials(IRelayCredentials files) : IClusterCredentials
    {
        public RelayIdentity Current => files.Current;
    }

    private sealed record RootSet(string Names, int Count);
}
