using System.Globalization;

namespace MeshGrains.LocalCluster;

/// <summary>The command lines of a cluster's processes. What all share is in the setup's file; what is here differs or is the cluster's own.</summary>
internal static class MemberFlags
{
    public static IReadOnlyList<string> Silo(
        ClusterSetup setup, ClusterFolder folder, RedisAddress redis, BlobAddress blob, string name, IReadOnlyList<string> roles, string link, string relay)
    {
        var tuning = setup.Tuning(name);
        return
        [
            .. Common("up", setup, folder, name),
            "--listen", "127.0.0.1:0",
            "--keys", setup.KeyUri ?? FileKeys(folder),
            .. Settings(
            [
                ("silo", name),
                .. roles.Select((role, i) => (string.Create(CultureInfo.InvariantCulture, $"roles.{i}"), role)),
                .. RedisSettings(tuning.Redis ?? redis),
                ("clustering.listen", link),
                ("clustering.advertise", tuning.Advertise?.Invoke(link) ?? ""),
                .. BlobSettings(tuning.Blob ?? blob),
                ("relay.listen", relay),
            ]),
            .. setup.Flags,
            .. tuning.Flags,
        ];
    }

    public static IReadOnlyList<string> Gateway(ClusterSetup setup, ClusterFolder folder, string name, string listen) =>
    [
        .. Common("gateway", setup, folder, name),
        "--listen", listen,
        .. Settings([("relay.silosFile", folder.RelayAddresses)]),
        .. setup.Tuning(name).Flags,
    ];

    private static IEnumerable<string> Common(string verb, ClusterSetup setup, ClusterFolder folder, string name) =>
    [
        verb,
        "--data", folder.Data(name),
        .. setup.ConfigFile is { } file ? new[] { "--config", file } : [],
        "--trust-domain", setup.TrustDomain,
        "--operations-listen", "127.0.0.1:0",
    ];

    /// <summary>One directory and one seal key for all silos.</summary>
    private static string FileKeys(ClusterFolder folder) =>
        $"file:{Uri.EscapeDataString(folder.Keys).Replace("%2F", "/", StringComparison.Ordinal)}?seal-key-file={Uri.EscapeDataString(folder.SealKey)}";

    private static IEnumerable<(string Key, string Value)> RedisSettings(RedisAddress redis) =>
    [
        ("clustering.redis", redis.Address), ("clustering.redisUser", redis.User), ("clustering.redisPasswordFile", redis.PasswordFile),
    ];

    private static IEnumerable<(string Key, string Value)> BlobSettings(BlobAddress blob) =>
        [("storage.blobEndpoint", blob.Endpoint), ("storage.accountKeyFile", blob.KeyFile)];

    private static IEnumerable<string> Settings(IEnumerable<(string Key, string Value)> settings) =>
        settings.Where(setting => setting.Value.Length > 0).SelectMany(setting => new[] { "--set", $"{setting.Key}={setting.Value}" });
}
