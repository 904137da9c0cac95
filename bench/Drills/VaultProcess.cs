using System.Text.Json;

namespace MeshGrains.Bench;

/// <summary>The Key Vault emulator as a process of its own; it keeps its keys and its port over a restart.</summary>
internal sealed class VaultProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private VaultProcess(ChildProcess process, string keyUri, string rootsFile, IReadOnlyDictionary<string, string?> environment)
        => (_process, KeyUri, RootsFile, Environment) = (process, keyUri, rootsFile, environment);

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
                process, root.GetProperty("keyUri").GetString()!, root.GetProperty("caFile").GetString()!,
                root.GetProperty("environment").EnumerateObject().ToDictionary(variable => variable.Name, variable => variable.Value.GetString()));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends it at once, as an outage does.</summary>
    public Task KillAsync() => _process.KillAsync();

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
