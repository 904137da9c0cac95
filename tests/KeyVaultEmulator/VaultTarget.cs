namespace MeshGrains.KeyVaultEmulator;

/// <summary>What a request's method and path ask for. An empty version, as in <c>/keys/name//sign</c>, is the newest.</summary>
internal sealed record VaultTarget(string Operation, string Name, string? Version)
{
    private static readonly string[] KeyOperations = ["sign", "verify", "wrapkey", "unwrapkey"];

    public static VaultTarget Parse(string method, string path)
    {
        var parts = path.Split('/');
        if (parts.Length < 3 || parts[1] != "keys")
        {
            throw new VaultRefusal(404, "NotFound", "The path is not of the keys API.");
        }

        var name = parts[2];
        return (method, parts.Length, parts.Length > 3 ? parts[3].ToLowerInvariant() : null) switch
        {
            ("POST", 4, "create") => new VaultTarget("create", name, null),
            ("GET", 4, "versions") => new VaultTarget("list", name, null),
            ("GET", 3, _) => new VaultTarget("get", name, null),
            ("GET", 4, var version) => new VaultTarget("get", name, version),
            ("PATCH", 4, var version) => new VaultTarget("update", name, version),
            ("POST", 4, var operation) when KeyOperations.Contains(operation) => new VaultTarget(operation!, name, null),
            ("POST", 5, var version) when KeyOperations.Contains(parts[4].ToLowerInvariant()) => new VaultTarget(parts[4].ToLowerInvariant(), name, version),
            _ => throw new VaultRefusal(405, "MethodNotAllowed", "The method is not allowed on this path."),
        };
    }
}
