using System.Security.Cryptography;
using System.Text.Json;

namespace MeshGrains.KeyVaultEmulator;

/// <summary>All that has to survive a restart. Test data: the keys lie in it in clear.</summary>
internal sealed class EmulatorState
{
    public int Port { get; set; }

    public string TenantId { get; set; } = "";

    public string ClientId { get; set; } = "";

    public string ClientSecret { get; set; } = "";

    public byte[] AuthorityCertificate { get; set; } = [];

    public byte[] TokenSigningKey { get; set; } = [];

    public byte[] FederationKey { get; set; } = [];

    public List<StoredKey> Keys { get; set; } = [];

    public static EmulatorState LoadOrCreate(string? file)
    {
        if (file is not null && File.Exists(file))
        {
            return JsonSerializer.Deserialize<EmulatorState>(File.ReadAllBytes(file))
                ?? throw new InvalidDataException($"{file} holds no emulator state.");
        }

        using var tokenKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var federationKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new EmulatorState
        {
            TenantId = Guid.NewGuid().ToString(),
            ClientId = Guid.NewGuid().ToString(),
            ClientSecret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20)),
            AuthorityCertificate = EmulatorCertificates.CreateAuthority(),
            TokenSigningKey = tokenKey.ExportPkcs8PrivateKey(),
            FederationKey = federationKey.ExportPkcs8PrivateKey(),
        };
    }

    public void Save(string? file)
    {
        if (file is null)
        {
            return;
        }

        var temporary = file + ".tmp";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(this));
        File.Move(temporary, file, overwrite: true);
    }
}

internal sealed class StoredKey
{
    public string Vault { get; set; } = "";

    public string Name { get; set; } = "";

    public string Version { get; set; } = "";

    public string KeyType { get; set; } = "";

    public string? Curve { get; set; }

    public List<string> Operations { get; set; } = [];

    public Dictionary<string, string> Tags { get; set; } = [];

    public bool Enabled { get; set; } = true;

    public long Created { get; set; }

    public long Sequence { get; set; }

    public byte[] PrivateKey { get; set; } = [];
}
