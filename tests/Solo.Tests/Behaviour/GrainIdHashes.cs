namespace MeshGrains.Solo.Tests;

/// <summary>Hashes by which reminder tables are read in ranges; rows written under one host are read under the other.</summary>
public static class GrainIdHashes
{
    public static IReadOnlyDictionary<string, uint> Known { get; } = new Dictionary<string, uint>
    {
        ["a/b"] = 934980077,
        ["turns/short"] = 2055458996,
        ["trustdomain/mesh.local"] = 199730668,
        ["workload/spiffe://mesh.local/ns/default/sa/a-service-account-of-some-length"] = 4286153914,
        ["clusterca/ä-ö-ü-ß-é-ê-ë-日本"] = 63009474,
    };
}
