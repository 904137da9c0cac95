using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MeshGrains.Identity;
using MeshGrains.LocalCluster;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>Silos of one cluster in this process, each with a data directory of its own, on shared servers, keys and bootstrap CA.</summary>
internal sealed class MeshCluster : IAsyncDisposable
{
    private static int _count;

    private readonly ClusterServers _servers;
    private readonly string[] _settings;
    private readonly TempDirectory _folder = new();
    private readonly Dictionary<string, RunningSilo> _silos = [];
    private readonly List<SiloProcess> _processes = [];

    private MeshCluster(ClusterServers servers, RedisServer redis, string[] settings)
    {
        (_servers, Redis, _settings) = (servers, redis, settings);
        Name = $"c{Interlocked.Increment(ref _count)}-{Environment.ProcessId}";
        BootstrapCa = BootstrapAuthority.Create(SiloClient.TrustDomain, TimeSpan.FromDays(1), new RandomSerialSource(), DateTimeOffset.UtcNow);
        _folder.Write("seal.key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        File.SetUnixFileMode(_folder.File("seal.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public string Name { get; }

    public RedisServer Redis { get; }

    public BootstrapAuthority BootstrapCa { get; }

    public string MembersKey => $"meshgrains/{SiloClient.TrustDomain}/{Name}/members/{Name}";

    public IEnumerable<RunningSilo> Silos => _silos.Values;

    public RunningSilo this[string silo] => _silos[silo];

    public static async Task<MeshCluster> CreateAsync(ClusterServers servers, RedisServer? redis = null, params string[] settings)
    {
        await servers.StartAsync();
        return new MeshCluster(servers, redis ?? servers.Redis, settings);
    }

    /// <summary>Creates it with silos <c>s1</c>, <c>s2</c>… that all are ready.</summary>
    public static async Task<MeshCluster> StartAsync(ClusterServers servers, int silos, params string[] settings)
    {
        var cluster = await CreateAsync(servers, null, settings);
        try
        {
            for (var i = 1; i <= silos; i++)
            {
                await cluster.AddAsync($"s{i}");
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public string DataOf(string silo) => _folder.File(silo);

    /// <summary>Starts a silo and waits until it is ready.</summary>
    public async Task<RunningSilo> AddAsync(string silo, params string[] settings)
    {
        var running = await AddUnreadyAsync(silo, settings);
        await running.ReadyAsync();
        return running;
    }

    public async Task<RunningSilo> AddUnreadyAsync(string silo, params string[] settings)
    {
        RequireBootstrap(silo);
        return _silos[silo] = await RunningSilo.StartUnreadyAsync(DataOf(silo), null, Settings(silo, settings));
    }

    /// <summary>Starts a silo in a process of its own, for a test that kills or freezes it, and waits until it is ready.</summary>
    public async Task<SiloProcess> AddProcessAsync(string silo, params string[] settings)
    {
        RequireBootstrap(silo);
        var process = await SiloProcess.StartAsync(DataOf(silo), [.. Settings(silo, settings).SelectMany(setting => (string[])["--set", setting])]);
        _processes.Add(process);
        await process.ReadyAsync();
        return process;
    }

    /// <summary>Stops a silo in good order.</summary>
    public async Task RemoveAsync(string silo)
    {
        await _silos[silo].DisposeAsync();
        _silos.Remove(silo);
    }

    /// <summary>Waits until a condition holds.</summary>
    public static Task UntilAsync(Func<Task<bool>> holds, string what) => UntilAsync(holds, () => what);

    /// <summary>Waits until a condition holds; <paramref name="what"/> tells in the end how it stood.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds, Func<string> what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await holds())
        {
            Assert.False(patience.IsCancellationRequested, $"This never came: {what()}.");
            await Task.Delay(50);
        }
    }

    /// <summary>The issuing CAs as a silo tells them, by silo. Asked again while the grain that tells them is on its way to another silo.</summary>
    public static async Task<IReadOnlyList<(string Silo, string Id, string State)>> IssuingCasAsync(SiloClient silo)
    {
        IReadOnlyList<(string Silo, string Id, string State)>? cas = null;
        await UntilAsync(
            async () =>
            {
                using var response = await silo.Admin.GetAsync("/v1/issuing-cas");
                if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
                {
                    var told = JsonNode.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync())!;
                    cas = [.. told["issuingCas"]!.AsArray().Select(ca => ((string)ca!["silo"]!, (string)ca["authorityId"]!, (string)ca["state"]!))];
                }

                return cas is not null;
            },
            "the list of issuing CAs");
        return cas!;
    }

    private void RequireBootstrap(string silo)
    {
        if (!Directory.Exists(Path.Combine(DataOf(silo), "bootstrap")))
        {
            WriteBootstrap(silo);
        }
    }

    public string[] Settings(string silo, params string[] more) =>
    [
        $"cluster={Name}", $"silo={silo}", $"keys.uri=file:{_folder.File("keys")}?seal-key-file={_folder.File("seal.key")}",
        $"clustering.redis={Redis.Address}", $"clustering.redisUser={Redis.User}", $"clustering.redisPasswordFile={Redis.PasswordFile}",
        "clustering.probeInterval=1s", "clustering.missedProbes=2", "clustering.watchInterval=500ms", "gateway.drainDelay=0s",
        $"storage.blobEndpoint={_servers.Azurite.BlobEndpoint}", $"storage.accountKeyFile={_servers.AccountKeyFile}",
        $"storage.container={Name}", $"storage.logContainer={Name}-log", .. _settings, .. more,
    ];

    /// <summary>A silo's bootstrap files, from this cluster's CA unless told.</summary>
    public void WriteBootstrap(string silo, string role = BootstrapNames.AuthorityRole, TimeSpan? ttl = null, BootstrapAuthority? ca = null, string? name = null)
    {
        var directory = Directory.CreateDirectory(Path.Combine(DataOf(silo), "bootstrap")).FullName;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = (ca ?? BootstrapCa).Issue(
            role, name ?? silo, key.ExportSubjectPublicKeyInfo(), ["localhost"], ttl ?? TimeSpan.FromHours(12), new RandomSerialSource(), DateTimeOffset.UtcNow);
        File.WriteAllText(Path.Combine(directory, "silo.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(directory, "silo.pem"), PemWriter.EncodeCertificate(certificate));
        File.WriteAllText(Path.Combine(directory, "ca.pem"), PemWriter.EncodeCertificate((ca ?? BootstrapCa).CertificateDer));
    }

    /// <summary>A Redis command as the silos' user.</summary>
    public Task<string> RedisAsync(params string[] command) => ChildProcess.ReadAsync(
        "redis-cli", ["-p", $"{Redis.Port}", "--user", Redis.User, "--pass", File.ReadAllText(Redis.PasswordFile), "--no-auth-warning", .. command], CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_processes.Select(process => process.DisposeAsync().AsTask()));
        await Task.WhenAll(_silos.Values.Select(silo => silo.DisposeAsync().AsTask()));
        BootstrapCa.Dispose();
        _folder.Dispose();
    }
}
