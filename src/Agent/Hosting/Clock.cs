namespace MeshGrains.Agent.Hosting;

internal static class Clock
{
    /// <summary>The longest that a timer takes.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(20);

    /// <summary>Waits on this clock; cancellation throws.</summary>
    public static Task PauseAsync(TimeProvider time, TimeSpan duration, CancellationToken cancellationToken) =>
        Task.Delay(duration < TimeSpan.Zero ? TimeSpan.Zero : duration > Longest ? Longest : duration, time, cancellationToken);
}
