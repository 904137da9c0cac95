namespace MeshGrains.Grains;

internal static class TimeProviderExtensions
{
    /// <summary>Waits on this clock; cancellation throws.</summary>
    public static Task PauseAsync(this TimeProvider time, TimeSpan duration, CancellationToken cancellationToken) =>
        Task.Delay(duration < TimeSpan.Zero ? TimeSpan.Zero : duration, time, cancellationToken);
}
