using System.Globalization;
using System.Text.Json.Nodes;

namespace MeshGrains.Bench;

/// <summary>Rows of Orleans' membership table in Redis: a hash of a row for each silo, JSON, and a field with the table's version, a whole number.</summary>
internal static class MembershipRows
{
    public const string VersionField = "Version";

    /// <summary>What the hash's key looks like, for KEYS.</summary>
    public const string KeyPattern = "*/members/*";

    private const string StatusField = "Status";
    private const int Dead = 6;
    private const string DeadWord = "Dead";

    /// <summary>The same row with the silo declared dead, its status written as it was: by number or by word.</summary>
    /// <exception cref="FormatException">It is no row.</exception>
    public static string MarkDead(string row)
    {
        var json = Parse(row);
        json[StatusField] = json[StatusField]!.GetValueKind() == System.Text.Json.JsonValueKind.String ? DeadWord : Dead;
        return json.ToJsonString();
    }

    public static bool IsDead(string row) => Parse(row)[StatusField]!.ToString() is "6" or DeadWord;

    /// <summary>The fields to set so that every silo of the table is dead, and its version is one higher.</summary>
    public static Dictionary<string, string> AllDead(IReadOnlyDictionary<string, string> hash)
    {
        var changed = hash.Where(field => field.Key != VersionField).ToDictionary(field => field.Key, field => MarkDead(field.Value), StringComparer.Ordinal);
        changed[VersionField] = NextVersion(hash);
        return changed;
    }

    public static string NextVersion(IReadOnlyDictionary<string, string> hash)
        => (int.Parse(hash[VersionField], CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>The row of a silo that is not there: that of an active one, with this port in the place of its own.</summary>
    public static (string Name, string Row) FalseSilo(IReadOnlyDictionary<string, string> hash, int port)
    {
        var (name, row) = hash.First(field => field.Key != VersionField && !IsDead(field.Value));
        var own = ":" + PortOf(name);
        var other = string.Create(CultureInfo.InvariantCulture, $":{port}");
        return (
            name.Replace(own, other, StringComparison.Ordinal),
            row.Replace($"\"Port\":{own[1..]}", $"\"Port\":{other[1..]}", StringComparison.Ordinal).Replace(own, other, StringComparison.Ordinal));
    }

    /// <summary>A silo's address is <c>S127.0.0.1:PORT:GENERATION</c>.</summary>
    private static string PortOf(string siloAddress) => siloAddress.Split(':')[^2];

    private static JsonObject Parse(string row)
        => JsonNode.Parse(row) is JsonObject json && json.ContainsKey(StatusField) ? json : throw new FormatException("That is no row of the membership table.");
}
