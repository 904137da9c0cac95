namespace MeshGrains.Bench;

/// <summary>What the Key Vault emulator was asked, counted by itself.</summary>
internal sealed class VaultCalls(IReadOnlyDictionary<string, int> counts)
{
    public int Signatures => counts.GetValueOrDefault("sign");

    /// <summary>Keys that were made.</summary>
    public int Keys => counts.GetValueOrDefault("create");
}
