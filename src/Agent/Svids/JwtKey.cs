namespace MeshGrains.Agent.Svids;

/// <summary>What a kept JWT-SVID is found by: the entry, and the audiences whatever their order.</summary>
internal readonly record struct JwtKey(string EntryId, string Audiences)
{
    public static JwtKey Of(string entryId, IEnumerable<string> audience) =>
        new(entryId, string.Concat(audience.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(value => $"{value.Length}:{value}")));
}
