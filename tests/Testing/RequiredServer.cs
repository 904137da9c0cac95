using MeshGrains.LocalCluster;

namespace MeshGrains.Testing;

/// <summary>Servers that tests start for themselves. A missing one skips the test, which must be skippable; under CI=true it fails.</summary>
public static class RequiredServer
{
    public static void Azurite()
        => Tool.RequireInstalled(AzuriteServer.IsInstalled, $"'{AzuriteServer.Program}'", $"npm's package '{AzuriteServer.Package}'");

    public static void Redis()
        => Tool.RequireInstalled(RedisServer.IsInstalled, $"'{RedisServer.Program}'", $"Debian's package '{RedisServer.Package}'");
}
