using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Bench;
using MeshGrains.Identity;
using MeshGrains.LocalCluster;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>nginx and haproxy with mutual TLS from an agent's files; './mesh drill renew' is the long form with its control.</summary>
public sealed class ProxyTests
{
    private const string NginxDnsName = "nginx.test.internal";
    private const int LeastRequests = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task Proxies_and_their_clients_lose_no_handshake_while_all_certificates_rotate()
    {
        Tool.RequireThat(NginxServer.Program is not null, "'nginx'", NginxServer.Package);
        Tool.RequireThat(HaproxyServer.Program is not null, "'haproxy'", HaproxyServer.Package);
        await using var stage = await AgentStage.StartAsync("ca.allowShortLives=true");
        var (nginxFiles, haproxyFiles) = (Directory.CreateDirectory(Path.Combine(stage.Folder, "n")).FullName, Directory.CreateDirectory(Path.Combine(stage.Folder, "h")).FullName);
        await EntryAsync(stage, "/nginx", "unix:path:/usr/sbin/nginx", [NginxDnsName]);
        await EntryAsync(stage, "/haproxy", "unix:path:/usr/sbin/haproxy", []);
        await EntryAsync(stage, "/client", $"unix:uid:{Tool.Run("id", ["-u"]).Output.Trim()}", []);
        await stage.StartAgentAsync(
            "outputs.0.name=nginx", $"outputs.0.spiffeId={Id("/nginx")}", $"outputs.0.certificate={nginxFiles}/svid.pem", $"outputs.0.key={nginxFiles}/svid.key",
            $"outputs.0.bundle={nginxFiles}/bundle.pem", "outputs.0.signal=HUP", $"outputs.0.pidFile={NginxServer.PidFile(nginxFiles)}",
            "outputs.1.name=haproxy", $"outputs.1.spiffeId={Id("/haproxy")}", $"outputs.1.combined={haproxyFiles}/combined.pem",
            $"outputs.1.bundle={haproxyFiles}/bundle.pem", "outputs.1.signal=USR2", $"outputs.1.pidFile={HaproxyServer.PidFile(haproxyFiles)}");
        await Eventually.HoldsAsync(() => File.Exists($"{nginxFiles}/svid.pem") && File.Exists($"{haproxyFiles}/combined.pem"), "the files are written");
        await using var nginx = await NginxServer.StartAsync(nginxFiles, LoopbackPort.Free(), CancellationToken.None);
        await using var haproxy = await HaproxyServer.StartAsync(haproxyFiles, LoopbackPort.Free(), nginx.Address, NginxDnsName, CancellationToken.None);
        await using var client = new WorkloadApiClient(stage.Socket, Id("/client"));
        await client.FirstAsync(Patience, CancellationToken.None);
        ProxyTarget[] targets = [new("nginx", nginx.Address, Id("/nginx")), new("haproxy", haproxy.Address, Id("/haproxy"))];

        await using var traffic = new ProxyTraffic(targets, 80, () => client.Current);
        await Eventually.HoldsAsync(
            () => traffic.Requests >= LeastRequests && client.Rotations > 0 && targets.All(target => target.Rotations > 0), "certificates rotate under traffic");
        await traffic.StopAsync();

        Assert.True(traffic.Failed == 0, $"{traffic.Failed} of {traffic.Requests} handshakes failed: {traffic.Told}");
        Assert.True(traffic.KeptRequests > 0);
    }

    private static SpiffeId Id(string path) => SpiffeId.FromPath(TrustDomain.Parse(SiloClient.TrustDomain), path);

    private static async Task EntryAsync(AgentStage stage, string path, string selector, string[] dnsNames) => await stage.Silo.PostAsync(
        "/v1/entries",
        new { spiffeId = Id(path).ToString(), parentId = AgentStage.AgentId, selectors = new[] { selector }, dnsNames, x509SvidTtlSeconds = 16 });
}
