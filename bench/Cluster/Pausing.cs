namespace MeshGrains.Bench;

internal static class Pausing
{
    /// <summary>Waits the time, or until the token is cancelled; nothing is thrown then.</summary>
    public static async Task ForAsync(TimeSpan time, CancellationToken until)
        => await Task.Delay(time, until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
