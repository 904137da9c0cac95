using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>A trust domain of the rotation drill: a vault with its root keys, a control plane over it, and what the control plane is told.</summary>
internal sealed class RotatingDomain : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private TimeSpan _life;
    private readonly List<ChildProcess> _agents = [];
    private readonly Dictionary<string, string> _entries = [];
    private SiloSetup? _setup;

    private RotatingDomain(string name, string folder, TimeSpan life, VaultProcess vault) => (TrustDomain, Folder, _life, Vault) = (TrustDomain.Parse(name), folder, life, vault);

    public TrustDomain TrustDomain { get; }

    public string Folder { get; }

    public VaultProcess Vault { get; private set; }

    public SiloProcess Silo { get; private set; } = null!;

    /// <summary>Where the other domain fetches this one's bundle, and the CA that vouches for it.</summary>
    public int FederationPort { get; } = LoopbackPort.Free();

    public string WebCaFile => Path.Combine(Folder, "web.pem");

    /// <summary>How long the control plane was away when it was longest.</summary>
    public TimeSpan LongestOutage { get; private set; }

    /// <summary>With its vault; <see cref="StartAsync"/> starts the control plane.</summary>
    public static async Task<RotatingDomain> CreateAsync(string name, string folder, TimeSpan life, CancellationToken cancellationToken)
    {
        var domain = new RotatingDomain(name, folder, life, await VaultProcess.StartAsync(folder, cancellationToken));
        domain.WriteWebCertificate();
        return domain;
    }

    public SpiffeId Id(string path) => SpiffeId.FromPath(TrustDomain, path);

    /// <summary>Starts the control plane, federated with <paramref name="peer"/>; <paramref name="withoutGates"/> is what the control takes out.</summary>
    public async Task StartAsync(string program, RotatingDomain peer, string withoutGates, CancellationToken cancellationToken)
    {
        var config = Path.Combine(Folder, "meshgrains.yaml");
        var life = ((int)_life.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(
            config,
            $"""
            keys:
              trustedRootsFile: {Vault.RootsFile}
            ca:
              issuingCaTtl: 1h
              issuingCaBudgetPerHour: 1000
              nameConstraints: true
              bundleRefreshHint: 1s
            svid:
              defaultTtl: {life}s
              maxTtl: {life}s
              backdate: 0s
              clockSkew: 1s
            denials:
              lease: 6s
            jwt:
              enabled: false
            rotation:
              outsideLag: 4s
              hold: 3s
              automatic: false
              lookEvery: 500ms
              withoutGates: [{withoutGates}]
            federation:
              endpoint:
                listen: 127.0.0.1:{FederationPort.ToString(CultureInfo.InvariantCulture)}
                profile: https_web
                certificateFile: {WebCaFile}
                keyFile: {Path.Combine(Folder, "web.key")}
              relationships:
                - trustDomain: {peer.TrustDomain.Name}
                  url: https://127.0.0.1:{peer.FederationPort.ToString(CultureInfo.InvariantCulture)}/
                  profile: https_web
                  caFile: {peer.WebCaFile}
              minPoll: 1s
              maxPoll: 1s
            telemetry:
              logLevel: Warning
            """,
            cancellationToken);
        _setup = new SiloSetup
        {
            Program = program,
            Domain = TrustDomain.Name,
            Data = Path.Combine(Folder, "data"),
            ConfigFile = config,
            Listen = _setup?.Listen ?? $"127.0.0.1:{LoopbackPort.Free().ToString(CultureInfo.InvariantCulture)}",
            Flags = ["--allow-short-lives", "--keys", Vault.KeyUri],
            Environment = Vault.Environment,
        };
        Silo = await SiloProcess.StartAsync(_setup, cancellationToken);
        await Silo.UntilReadyAsync(cancellationToken);
        Start = Stopwatch.GetElapsedTime(Silo.Started);
    }

    /// <summary>SIGKILL, and a new start over the same data and on the same port; with <paramref name="vaultIsGone"/> the vault's too.</summary>
    public async Task RestartAsync(bool vaultIsGone, CancellationToken cancellationToken)
    {
        var away = Stopwatch.StartNew();
        await Silo.Process.KillAsync();
        await Silo.DisposeAsync();
        await Task.WhenAll(StartVaultAsync(), StartSiloAsync());
        await Silo.UntilReadyAsync(cancellationToken);
        LongestOutage = away.Elapsed > LongestOutage ? away.Elapsed : LongestOutage;
        Progress.Say($"{TrustDomain.Name}: the control plane is back after {away.Elapsed.TotalSeconds:0.0} s");

        async Task StartSiloAsync() => Silo = await SiloProcess.StartAsync(_setup!, cancellationToken);

        async Task StartVaultAsync()
        {
            if (vaultIsGone)
            {
                await Vault.DisposeAsync();
                Vault = await VaultProcess.StartAsync(Folder, cancellationToken);
            }
        }
    }

    /// <summary>How long the control plane took to be ready when it was started last.</summary>
    public TimeSpan Start { get; private set; }

    /// <summary>Starts it anew with another life of certificates, before there are any.</summary>
    public async Task RestartAsync(TimeSpan life, RotatingDomain peer, CancellationToken cancellationToken)
    {
        _life = life;
        await RestartWithoutAsync("", peer, cancellationToken);
    }

    /// <summary>Starts it anew without some gates, for the control.</summary>
    public async Task RestartWithoutAsync(string gates, RotatingDomain peer, CancellationToken cancellationToken)
    {
        await Silo.Process.StopAsync(Patience);
        await Silo.DisposeAsync();
        await StartAsync(_setup!.Program, peer, gates, cancellationToken);
    }

    /// <summary>Starts an agent with these outputs (YAML) once its entry is there.</summary>
    public async Task<ChildProcess> StartAgentAsync(string name, string outputs, CancellationToken cancellationToken)
    {
        await NewTokenAsync(name, cancellationToken);
        var file = Path.Combine(Folder, name + ".yaml");
        await File.WriteAllTextAsync(
            file,
            $"""
            trustDomain: {TrustDomain.Name}
            socket: {Socket(name)}
            operationsListen: ""
            controlPlane:
              addresses: [https://localhost:{Silo.Gateway.Port.ToString(CultureInfo.InvariantCulture)}]
              trustBundle: {Silo.BundleFile}
              maxBackoff: 500ms
            node:
              joinTokenFile: {TokenFile(name)}
            log:
              level: Warning
            {outputs}
            """,
            cancellationToken);
        var agent = await AgentProcess.StartAsync(MeshTree.Program("Agent", "meshgrains-agent"), file, Socket(name), cancellationToken);
        _agents.Add(agent);
        return agent;
    }

    public string Socket(string agent) => Path.Combine(Folder, agent + ".sock");

    public SpiffeId AgentId(string name) => Id("/meshgrains/agent/" + name);

    /// <summary>A join token for the agent, in its file.</summary>
    public async Task NewTokenAsync(string name, CancellationToken cancellationToken)
    {
        var id = AgentId(name).ToString();
        if (!_entries.TryGetValue(id, out var entry))
        {
            _entries[id] = entry = await Silo.Admin.CreateEntryAsync(id, cancellationToken);
        }

        await File.WriteAllTextAsync(TokenFile(name), await Silo.Admin.CreateTokenAsync(entry, cancellationToken), cancellationToken);
    }

    /// <summary>An entry of an agent's workload that federates with <paramref name="peer"/>.</summary>
    public async Task WorkloadAsync(string agent, string path, string selector, IEnumerable<string> dnsNames, RotatingDomain peer, CancellationToken cancellationToken)
    {
        using var made = await Silo.Admin.PostAsync(
            "entries",
            new JsonObject
            {
                ["spiffeId"] = Id(path).ToString(),
                ["parentId"] = AgentId(agent).ToString(),
                ["selectors"] = new JsonArray(JsonValue.Create(selector)),
                ["x509SvidTtlSeconds"] = (int)_life.TotalSeconds,
                ["dnsNames"] = new JsonArray([.. dnsNames.Select(name => JsonValue.Create(name))]),
                ["federatesWith"] = new JsonArray(JsonValue.Create(peer.TrustDomain.Name)),
            },
            cancellationToken);
    }

    public async Task<SpiffeBundle> BundleAsync(CancellationToken cancellationToken)
    {
        var json = System.Text.Encoding.UTF8.GetBytes(await Silo.Admin.BundleAsync(cancellationToken));
        return SpiffeBundle.TryRead(json, TrustDomain, out var bundle, out var error) ? bundle : throw new InvalidDataException(error);
    }

    /// <summary>Null when there never was one.</summary>
    public async Task<RotationState?> RotationAsync(CancellationToken cancellationToken)
    {
        using var status = await Silo.Admin.GetAsync("rotation", cancellationToken);
        return RotationState.Read(status.RootElement);
    }

    public async Task RotateAsync(string verb, string reason, CancellationToken cancellationToken)
    {
        using var answer = await Silo.Admin.PostAsync(verb.Length == 0 ? "rotation" : $"rotation/{verb}", new JsonObject { ["reason"] = reason }, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
        {
            await agent.DisposeAsync();
        }

        await (Silo?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Vault.DisposeAsync();
    }

    private string TokenFile(string agent) => Path.Combine(Folder, agent + ".token");

    /// <summary>A certificate of its own for the bundle endpoint, as a Web PKI would give one.</summary>
    private void WriteWebCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bundle endpoint", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(30));
        File.WriteAllText(WebCaFile, certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(Folder, "web.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
