using System.Text.Json;

namespace MeshGrains.LocalCluster;

/// <summary>What <c>up</c> was told, kept in the folder for the supervisor and for the next start.</summary>
internal sealed record ClusterPlan(
    string TrustDomain, int Silos, string Listen, string? ConfigFile, RedisAddress? Redis, BlobAddress? Blob, string? KeyUri, IReadOnlyList<string> Settings)
{
    /// <summary>Null when no cluster was ever started there.</summary>
    /// <exception cref="JsonException">The file is damaged.</exception>
    public static ClusterPlan? TryRead(ClusterFolder folder)
        => File.Exists(folder.Plan) ? JsonSerializer.Deserialize(File.ReadAllBytes(folder.Plan), ControlJson.Default.ClusterPlan) : null;

    public void Write(ClusterFolder folder) => ClusterFolder.WriteAtomically(folder.Plan, JsonSerializer.SerializeToUtf8Bytes(this, ControlJson.Default.ClusterPlan));

    public ClusterSetup Setup(ClusterFolder folder, Action<string> tell) => new()
    {
        Folder = folder.Root,
        Silos = Silos,
        TrustDomain = TrustDomain,
        GatewayListen = Listen,
        ConfigFile = ConfigFile,
        Redis = Redis,
        Blob = Blob,
        KeyUri = KeyUri,
        Flags = [.. Settings.SelectMany(setting => new[] { "--set", setting })],
        Tell = tell,
    };
}
