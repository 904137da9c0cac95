using System.Globalization;
using System.Text;

namespace MeshGrains.Grains;

/// <summary>The agents of a trust domain in shards, spread by their ids (FNV-1a): ten thousand of them make records of some 100 KB.</summary>
public static class AgentRosterShards
{
    public const int Count = 32;

    public static string Key(string trustDomain, int shard) => string.Create(CultureInfo.InvariantCulture, $"{trustDomain}/agents/{shard}");

    public static int Of(string agentId)
    {
        var hash = 2_166_136_261u;
        foreach (var one in Encoding.UTF8.GetBytes(agentId))
        {
            hash = unchecked((hash ^ one) * 16_777_619u);
        }

        return (int)(hash % Count);
    }

    /// <summary>Whether this is the key of a shard of that trust domain.</summary>
    internal static bool TryRead(string key, string trustDomain, out int shard)
    {
        shard = -1;
        var prefix = trustDomain + "/agents/";
        return key.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(key.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out shard) && shard < Count && key == Key(trustDomain, shard);
    }
}
