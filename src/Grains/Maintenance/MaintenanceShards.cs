using System.Globalization;

namespace MeshGrains.Grains;

/// <summary>
/// The entry ids in sixteen shards, by order. Ids are random hex unless somebody chose others, so that their first digit spreads them evenly; the
/// first and the last shard take whatever lies outside.
/// </summary>
public static class MaintenanceShards
{
    public const int Count = 16;

    private const string Digits = "0123456789abcdef";

    public static string Key(string trustDomain, int shard) => string.Create(CultureInfo.InvariantCulture, $"{trustDomain}/{shard}");

    /// <summary>Reads the shard from a key of that trust domain.</summary>
    internal static bool TryRead(string key, string trustDomain, out int shard)
    {
        shard = -1;
        return key.StartsWith(trustDomain + "/", StringComparison.Ordinal)
            && int.TryParse(key.AsSpan(trustDomain.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out shard) && shard < Count
            && key == Key(trustDomain, shard);
    }

    /// <summary>The shard holds the ids after <c>After</c> (null: from the first) up to and with <c>Last</c> (null: to the end).</summary>
    internal static (string? After, string? Last) Range(int shard) =>
        (shard == 0 ? null : Digits[shard].ToString(), shard == Count - 1 ? null : Digits[shard + 1].ToString());
}
