using MeshGrains.LocalCluster;
using MeshGrains.Testing;

namespace MeshGrains.Storage.Tests;

/// <summary>One Azurite for all tests of this assembly, in memory; started by the first that asks, ended with this process.</summary>
internal static class AzuriteFixture
{
    private static readonly Lazy<AzuriteServer> Server = new(() => Task.Run(
        () => AzuriteServer.StartAsync(null, LoopbackPort.Free(), CancellationToken.None)).GetAwaiter().GetResult());

    public static AzuriteServer Get()
    {
        RequiredServer.Azurite();
        return Server.Value;
    }
}
