using MeshGrains.KeyVaultEmulator;
using MeshGrains.Testing;

namespace MeshGrains.Keys.Tests.Azure;

/// <summary>An emulator and a key manager that talks to it over TLS, with waits short enough for a test.</summary>
internal sealed class Vault : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();

    private Vault(KeyVaultEmulatorHost emulator) => Emulator = emulator;

    public KeyVaultEmulatorHost Emulator { get; }

    public CapturedLog Log { get; } = new();

    public static RemoteCallOptions Quick { get; } = new()
    {
        // A busy machine takes its time to make an RSA key; what a test says about time limits it sets itself.
        AttemptTimeout = TimeSpan.FromMinutes(2),
        ThrottleBackoff = TimeSpan.FromMilliseconds(20),
        FaultBackoff = TimeSpan.FromMilliseconds(10),
        BreakerThreshold = 50,
    };

    public static async Task<Vault> StartAsync(KeyVaultEmulatorOptions? options = null) => new(await KeyVaultEmulatorHost.StartAsync(options));

    public IKeyManager Open(
        RemoteCallOptions? remote = null, string query = "", string name = "mesh", string? trustedRoots = null, CallBudget? budget = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        environment ??= Emulator.ClientSecretEnvironment;
        return KeyManagers.Open(
            $"azurekms:{Emulator.VaultUri(name).GetLeftPart(UriPartial.Authority)}{query}",
            new KeyManagerOptions
            {
                TrustedRootsPem = trustedRoots ?? Emulator.CaPem,
                Remote = remote ?? Quick,
                Budget = budget,
                ReadEnvironment = variable => environment.GetValueOrDefault(variable),
            },
            TimeProvider.System,
            Log);
    }

    public Dictionary<string, string> FederatedEnvironment(string token)
    {
        var environment = new Dictionary<string, string>(Emulator.ClientSecretEnvironment);
        environment.Remove("AZURE_CLIENT_SECRET");
        environment["AZURE_FEDERATED_TOKEN_FILE"] = _directory.Write("token", token);
        return environment;
    }

    public async ValueTask DisposeAsync()
    {
        await Emulator.DisposeAsync();
        _directory.Dispose();
    }
}
