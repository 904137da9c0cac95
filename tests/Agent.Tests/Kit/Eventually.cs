namespace MeshGrains.Agent.Tests.Kit;

internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits until it holds; fails with these words when it does not within 30 s.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string words)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            Assert.False(patience.IsCancellationRequested, $"never: {words}");
            await Task.Delay(20);
        }
    }

    public static Task HoldsAsync(Func<bool> condition, string words) => HoldsAsync(() => Task.FromResult(condition()), words);
}
