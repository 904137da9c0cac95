namespace MeshGrains.Silo;

/// <summary>Under Solo every store opens when it is first used.</summary>
internal static class OfflineStores
{
    public static Task StartAsync(IServiceProvider services, CancellationToken cancellationToken) => Task.CompletedTask;
}
