using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MeshGrains.KeyVaultEmulator;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>
/// The Key Vault emulator with its state on disk, so that it can go away and come back on its port, and the environment variables that a
/// silo's credential reads. Those belong to the whole process: tests that use this share the collection <see cref="Collection"/>.
/// </summary>
internal sealed class EmulatedVault : IAsyncDisposable
{
    public const string Collection = "AZURE_ variables of this process";

    private readonly string _dataFile;
    private readonly string _rootsFile;
    private readonly Dictionary<string, string?> _before;
    private KeyVaultEmulatorHost? _host;

    private EmulatedVault(string dataFile, string rootsFile, KeyVaultEmulatorHost host)
    {
        (_dataFile, _rootsFile, _host) = (dataFile, rootsFile, host);
        Uri = $"azurekms:{host.VaultUri("mesh").GetLeftPart(UriPartial.Authority)}";
        ClientSecret = host.ClientSecret;
        _before = host.ClientSecretEnvironment.Keys.ToDictionary(name => name, Environment.GetEnvironmentVariable);
        foreach (var (name, value) in host.ClientSecretEnvironment)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    public KeyVaultEmulatorHost Host => _host ?? throw new InvalidOperationException("The vault is away.");

    public string Uri { get; }

    public string ClientSecret { get; }

    public string[] Settings => [$"keys.uri={Uri}", $"keys.trustedRootsFile={_rootsFile}"];

    public static async Task<EmulatedVault> StartAsync(TempDirectory folder)
    {
        var dataFile = folder.File("vault.json");
        var host = await KeyVaultEmulatorHost.StartAsync(new KeyVaultEmulatorOptions { DataFile = dataFile });
        return new EmulatedVault(dataFile, folder.Write("vault-ca.pem", host.CaPem), host);
    }

    /// <summary>Every key version that was ever made: its kind and its public key.</summary>
    public IReadOnlyList<(string Type, byte[] SubjectPublicKeyInfo)> Keys() =>
        [.. JsonNode.Parse(File.ReadAllBytes(_dataFile))!["Keys"]!.AsArray().Select(key =>
        {
            var type = (string)key!["KeyType"]!;
            using AsymmetricAlgorithm made = type.StartsWith("EC", StringComparison.Ordinal) ? ECDsa.Create() : RSA.Create();
            made.ImportPkcs8PrivateKey(Convert.FromBase64String((string)key["PrivateKey"]!), out _);
            return (type, made.ExportSubjectPublicKeyInfo());
        })];

    /// <summary>What the vault's only wrapping key unwraps, without asking the vault.</summary>
    public byte[] Unwrap(byte[] wrapped)
    {
        var stored = JsonNode.Parse(File.ReadAllBytes(_dataFile))!["Keys"]!.AsArray().Single(key => (string?)key!["KeyType"] == "RSA")!;
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Convert.FromBase64String((string)stored["PrivateKey"]!), out _);
        return rsa.Decrypt(wrapped, RSAEncryptionPadding.OaepSHA256);
    }

    public async Task LeaveAsync()
    {
        await Host.DisposeAsync();
        _host = null;
    }

    public async Task ReturnAsync() => _host = await KeyVaultEmulatorHost.StartAsync(new KeyVaultEmulatorOptions { DataFile = _dataFile });

    public async ValueTask DisposeAsync()
    {
        foreach (var (name, value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        if (_host is not null)
        {
            await LeaveAsync();
        }
    }
}
