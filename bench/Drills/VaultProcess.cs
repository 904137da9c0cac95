using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace MeshGrains.Bench;

/// <summary>The Key Vault emulator as a process of its own; it keeps its keys and its port over a restart.</summary>
internal sealed class VaultProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly Uri _control;

    private VaultProcess(ChildProcess process, string keyUri, Uri control, string rootsFile, IReadOnlyDictionary<string, string?> environment)
        => (_process, KeyUri, _control, RootsFile, Environment) = (process, keyUri, control, rootsFile, environment);

    /// <summary>What a silo's <c>keys.uri</c> is.</summary>
    public string KeyUri { get; }

    /// <summary>PEM of the root of its TLS certificate.</summary>
    public string RootsFile { get; }

    /// <summary>What a client needs in its environment to sign in.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; }

    public static async Task<VaultProcess> StartAsync(string folder, CancellationToken cancellationToken)
    {
        var infoFile = Path.Combine(folder, "vault-info.json");
        File.Delete(infoFile);
        var process = ChildProcess.Start(
            MeshTree.Program("KeyVaultEmulator", "MeshGrains.KeyVaultEmulator"), ["--data", Path.Combine(folder, "vault.json"), "--write-info", infoFile]);
        try
        {
            var text = await Waiting.ForAsync(
                "Waiting for the vault emulator", process, async cancel => File.Exists(infoFile) ? await File.ReadAllTextAsync(infoFile, cancel) : null,
                TimeSpan.FromSeconds(30), cancellationToken);
            using var info = JsonDocument.Parse(text);
            var root = info.RootElement;
            return new VaultProcess(
                process, root.GetProperty("keyUri").GetString()!, new Uri(root.GetProperty("control").GetString()!), root.GetProperty("caFile").GetString()!,
                root.GetProperty("environment").EnumerateObject().ToDictionary(variable => variable.Name, variable => variable.Value.GetString()));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Requests that it has answered since it was started, by operation: create, sign, unwrapkey and others.</summary>
    public async Task<VaultCalls> CallsAsync(CancellationToken cancellationToken)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(RootsFile);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(roots);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
            ConnectCallback = async (context, cancel) =>
            {
                // Not every resolver knows names below localhost.
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, context.DnsEndPoint.Port), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        return new VaultCalls(JsonSerializer.Deserialize<Dictionary<string, int>>(await http.GetStringAsync(new Uri(_control, "calls"), cancellationToken))!);
    }

    /// <summary>Ends it at once, as an outage does.</summary>
    public Task KillAsync() => _process.KillAsync();

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
