using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>
/// Two federated trust domains. nginx is of the first and haproxy of the second; each has a listener and a CA file for either, fed by its own domain's agent.
/// A client of each domain talks to both proxies.
/// </summary>
internal sealed class RotationStage : IAsyncDisposable
{
    private const string NginxDnsName = "nginx.mesh.internal";
    private const string Node = "node-1";
    private const string Bystander = "node-2";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly List<(string File, string Of)> _caFiles = [];
    private NginxServer? _nginx;
    private HaproxyServer? _haproxy;
    private ChildProcess? _bystander;

    private RotationStage(RotatingDomain first, RotatingDomain second) => (First, Second) = (first, second);

    public RotatingDomain First { get; }

    public RotatingDomain Second { get; }

    /// <summary>The listeners for clients of a domain, on both proxies.</summary>
    public IReadOnlyList<ProxyTarget> FirstTargets { get; private set; } = [];

    public IReadOnlyList<ProxyTarget> SecondTargets { get; private set; } = [];

    public WorkloadApiClient FirstClient { get; private set; } = null!;

    public WorkloadApiClient SecondClient { get; private set; } = null!;

    /// <summary>A workload of an agent of the first domain that is frozen for a while.</summary>
    public WorkloadApiClient BystanderClient { get; private set; } = null!;

    /// <summary>Of every certificate.</summary>
    public TimeSpan Life { get; private set; }

    /// <summary>The folders whose change makes a proxy reload.</summary>
    public IReadOnlyList<string> Folders { get; private set; } = [];

    public static async Task<RotationStage> StartAsync(ScratchFolder scratch, string? server, TimeSpan life, CancellationToken cancellationToken)
    {
        var program = server ?? MeshTree.Program("Silo", "meshgrains");
        var first = await RotatingDomain.CreateAsync("first.mesh", scratch.Sub("first"), life, cancellationToken);
        RotatingDomain second;
        try
        {
            second = await RotatingDomain.CreateAsync("second.mesh", scratch.Sub("second"), life, cancellationToken);
        }
        catch
        {
            await first.DisposeAsync();
            throw;
        }

        var stage = new RotationStage(first, second);
        try
        {
            await Task.WhenAll(first.StartAsync(program, second, "", cancellationToken), second.StartAsync(program, first, "", cancellationToken));
            var start = Math.Max(first.Start.TotalSeconds, second.Start.TotalSeconds);
            stage.Life = LifeFor(life, start);
            Progress.Say($"both control planes are ready after {start:0.0} s; certificates live {stage.Life.TotalSeconds:0} s");
            if (stage.Life > life)
            {
                await Task.WhenAll(first.RestartAsync(stage.Life, second, cancellationToken), second.RestartAsync(stage.Life, first, cancellationToken));
            }

            await stage.StartNodesAsync(cancellationToken);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Half of a life has to outlast a restart, which under load takes some times what a first start does.</summary>
    internal static TimeSpan LifeFor(TimeSpan least, double startSeconds) =>
        TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(2 * ((4 * startSeconds) + 3)), least.TotalSeconds, Math.Max(120, least.TotalSeconds)));

    public void FreezeBystander() => Signals.Send(_bystander!.Id, Signals.Stop);

    /// <summary>Its certificates have ended meanwhile, and its own with them: a new token lets it in again.</summary>
    public async Task ThawBystanderAsync(CancellationToken cancellationToken)
    {
        await First.NewTokenAsync(Bystander, cancellationToken);
        Signals.Send(_bystander!.Id, Signals.Continue);
    }

    /// <summary>Where a root still counts: bundles, CA files, and chains that are shown; in words, empty when it is gone.</summary>
    public async Task<IReadOnlyList<string>> AliveAsync(string authorityId, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        foreach (var domain in new[] { First, Second })
        {
            try
            {
                AddIf(Has(await domain.BundleAsync(cancellationToken)), $"the bundle of {domain.TrustDomain.Name}");
            }
            catch (Exception away) when (away is HttpRequestException or ObjectDisposedException)
            {
                // Killed by the drill itself, or about to be ready: what is not known counts.
                found.Add($"the bundle of {domain.TrustDomain.Name}, which could not be asked for");
            }
        }

        foreach (var (file, of) in _caFiles)
        {
            AddIf(PemReader(await File.ReadAllTextAsync(file, cancellationToken)).Any(root => root.AuthorityId == authorityId), $"{of} in {file}");
        }

        foreach (var (name, client) in new[] { ("first", FirstClient), ("second", SecondClient) })
        {
            var held = client.Current;
            AddIf(Has(held.Bundle) || (held.Federated ?? new Dictionary<TrustDomain, SpiffeBundle>()).Values.Any(Has), $"what the {name} client believes");
            AddIf(Chains(held), $"what the {name} client shows");
        }

        foreach (var target in FirstTargets.Concat(SecondTargets))
        {
            AddIf(target.Intermediates.Any(der => IssuerOf(der) == authorityId), $"what {target.Name} shows");
        }

        return found;

        bool Has(SpiffeBundle bundle) => bundle.X509Authorities.Any(root => root.AuthorityId == authorityId);
        bool Chains(ClientIdentity identity) => identity.Certificate.IntermediateCertificates.Any(one => IssuerOf(one.RawData) == authorityId);

        void AddIf(bool holds, string words)
        {
            if (holds)
            {
                found.Add(words);
            }
        }
    }

    /// <summary>Whether the agent that was frozen serves again, and nothing that chains to the root.</summary>
    public bool BystanderIsBack(string authorityId, DateTimeOffset thawed) =>
        BystanderClient.Current is var held && held.Certificate.TargetCertificate.NotBefore.ToUniversalTime() >= thawed.UtcDateTime.AddSeconds(-1)
        && !held.Certificate.IntermediateCertificates.Any(one => IssuerOf(one.RawData) == authorityId)
        && !held.Bundle.X509Authorities.Any(root => root.AuthorityId == authorityId);

    /// <summary>
    /// Shows certificates by one domain's root that name the other to every listener, and to our validator with either bundle. With a name of its own the same
    /// maker is believed, so that it is the name that is refused.
    /// </summary>
    public async Task<(int Shown, int Accepted, int ControlAccepted, string Told)> ForgeAsync(CancellationToken cancellationToken)
    {
        var (shown, accepted, control, told) = (0, 0, 0, "");
        foreach (var (domain, other, client, targets) in new[] { (First, Second, FirstClient, FirstTargets), (Second, First, SecondClient, SecondTargets) })
        {
            var bundle = await domain.BundleAsync(cancellationToken);
            var foreign = await other.BundleAsync(cancellationToken);
            using var forged = ForgedChain.Under(bundle.X509Authorities[0], Path.Combine(domain.Folder, "vault.json"));
            var name = other.Id("/client");
            foreach (var target in FirstTargets.Concat(SecondTargets))
            {
                shown++;
                if (await IsAcceptedAsync(target, forged.Naming(name, client.Current), cancellationToken))
                {
                    accepted++;
                    told = $"{target.Name} took {name} by the root of {domain.TrustDomain.Name}";
                }
            }

            var (leaf, others) = forged.Chain(name);
            foreach (var one in new[] { bundle, foreign })
            {
                shown++;
                if (X509SvidValidator.Validate(leaf, others, one, TimeProvider.System.GetUtcNow()).IsValid)
                {
                    accepted++;
                    told = $"the validator took {name} by the bundle of {one.TrustDomain.Name}";
                }
            }

            foreach (var target in targets)
            {
                control += await IsAcceptedAsync(target, forged.Naming(domain.Id("/forged"), client.Current), cancellationToken) ? 1 : 0;
            }
        }

        return (shown, accepted, control, told);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in new[] { FirstClient, SecondClient, BystanderClient })
        {
            await (client?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        await (_haproxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_nginx?.DisposeAsync() ?? ValueTask.CompletedTask);
        await First.DisposeAsync();
        await Second.DisposeAsync();
    }

    private static async Task<bool> IsAcceptedAsync(ProxyTarget target, ClientIdentity identity, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await ProxyConnection.OpenAsync(target, identity, cancellationToken);
            await connection.AskAsync(keep: false, cancellationToken);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string IssuerOf(ReadOnlyMemory<byte> der) => Convert.ToHexStringLower(ParsedCertificate.Read(der).AuthorityKeyIdentifier.Span);

    private static IEnumerable<ParsedCertificate> PemReader(string pem)
    {
        var collection = new System.Security.Cryptography.X509Certificates.X509Certificate2Collection();
        collection.ImportFromPem(pem);
        return collection.Select(one => ParsedCertificate.Read(one.RawData));
    }

    private async Task StartNodesAsync(CancellationToken cancellationToken)
    {
        var user = (await ChildProcess.ReadAsync("id", ["-u"], cancellationToken)).Trim();
        var (nginx, haproxy) = (Folder(First, "nginx"), Folder(Second, "haproxy"));
        var (nginxPeer, haproxyPeer) = (Folder(First, "nginx-peer"), Folder(Second, "haproxy-peer"));
        Folders = [nginx, nginxPeer, haproxy, haproxyPeer];
        foreach (var (file, of) in new[] { (nginx, First), (nginxPeer, Second), (haproxy, Second), (haproxyPeer, First) })
        {
            _caFiles.Add((Path.Combine(file, "bundle.pem"), of.TrustDomain.Name));
        }

        var firstAgent = await First.StartAgentAsync(
            Node,
            Outputs("nginx", First.Id("/nginx"), $"certificate: {nginx}/svid.pem\n    key: {nginx}/svid.key", nginx, nginxPeer, Second, "HUP", NginxServer.PidFile(nginx)),
            cancellationToken);
        var secondAgent = await Second.StartAgentAsync(
            Node, Outputs("haproxy", Second.Id("/haproxy"), $"combined: {haproxy}/combined.pem", haproxy, haproxyPeer, First, "USR2", HaproxyServer.PidFile(haproxy)),
            cancellationToken);
        _bystander = await First.StartAgentAsync(Bystander, "", cancellationToken);
        await First.WorkloadAsync(Node, "/nginx", "unix:path:/usr/sbin/nginx", [NginxDnsName], Second, cancellationToken);
        await First.WorkloadAsync(Node, "/client", $"unix:uid:{user}", [], Second, cancellationToken);
        await First.WorkloadAsync(Bystander, "/bystander", $"unix:uid:{user}", [], Second, cancellationToken);
        await Second.WorkloadAsync(Node, "/haproxy", "unix:path:/usr/sbin/haproxy", [], First, cancellationToken);
        await Second.WorkloadAsync(Node, "/client", $"unix:uid:{user}", [], First, cancellationToken);
        foreach (var (file, agent) in new[]
        {
            (Path.Combine(nginx, "svid.pem"), firstAgent), (Path.Combine(nginxPeer, "bundle.pem"), firstAgent), (Path.Combine(haproxy, "combined.pem"), secondAgent),
            (Path.Combine(haproxyPeer, "bundle.pem"), secondAgent),
        })
        {
            await Waiting.ForAsync($"Waiting for {file}", agent, _ => Task.FromResult(File.Exists(file) ? file : null), Patience, cancellationToken);
        }

        var (firstPort, secondPort) = (LoopbackPort.Free(), LoopbackPort.Free());
        _nginx = await NginxServer.StartAsync(nginx, firstPort, cancellationToken, (secondPort, Path.Combine(nginxPeer, "bundle.pem")));
        var upstream = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, secondPort);
        var haproxyFirst = LoopbackPort.Free();
        _haproxy = await HaproxyServer.StartAsync(
            haproxy, LoopbackPort.Free(), upstream, NginxDnsName, cancellationToken, Path.Combine(haproxyPeer, "bundle.pem"),
            (haproxyFirst, Path.Combine(haproxyPeer, "bundle.pem")));
        FirstTargets =
        [
            new ProxyTarget("nginx for the first domain", _nginx.Address, First.Id("/nginx")),
            new ProxyTarget("haproxy for the first domain", new(System.Net.IPAddress.Loopback, haproxyFirst), Second.Id("/haproxy")),
        ];
        SecondTargets =
        [
            new ProxyTarget("nginx for the second domain", upstream, First.Id("/nginx")),
            new ProxyTarget("haproxy for the second domain", _haproxy.Address, Second.Id("/haproxy")),
        ];
        FirstClient = new WorkloadApiClient(First.Socket(Node), First.Id("/client"));
        SecondClient = new WorkloadApiClient(Second.Socket(Node), Second.Id("/client"));
        BystanderClient = new WorkloadApiClient(First.Socket(Bystander), First.Id("/bystander"));
        await BystanderClient.FirstAsync(Patience, cancellationToken);
        foreach (var (client, other, agent) in new[] { (FirstClient, Second, firstAgent), (SecondClient, First, secondAgent) })
        {
            await client.FirstAsync(Patience, cancellationToken);
            await Waiting.ForAsync(
                $"Waiting for the bundle of {other.TrustDomain.Name}", agent, _ => Task.FromResult(client.Current.BundleOf(other.TrustDomain)), Patience, cancellationToken);
        }

        static string Folder(RotatingDomain domain, string name) => Directory.CreateDirectory(Path.Combine(domain.Folder, name)).FullName;
    }

    private static string Outputs(string name, SpiffeId id, string files, string folder, string peerFolder, RotatingDomain peer, string signal, string pidFile) => new StringBuilder()
        .Append($"outputs:\n  - name: {name}\n    spiffeId: {id}\n    {files}\n    bundle: {folder}/bundle.pem\n    signal: {signal}\n    pidFile: {pidFile}\n")
        .Append($"  - name: {name}-peer\n    spiffeId: {id}\n    bundle: {peerFolder}/bundle.pem\n    bundleTrustDomain: {peer.TrustDomain.Name}\n")
        .Append($"    signal: {signal}\n    pidFile: {pidFile}\n").ToString();
}
