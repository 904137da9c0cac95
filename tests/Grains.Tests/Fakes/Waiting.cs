using MeshGrains.Testing;

namespace MeshGrains.Grains.Tests;

internal static class Waiting
{
    /// <summary>Leaves background work the moment that it needs; fails when the condition never comes.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what = "the condition")
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 6000, $"Waited in vain for {what}.");
            await Task.Delay(5);
        }
    }

    /// <summary>Moves a clock on in steps until the condition holds; each step leaves what it set off a moment.</summary>
    public static async Task AdvanceUntilAsync(this FakeTimeProvider clock, TimeSpan step, Func<bool> condition, string what = "the condition")
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 6000, $"Moved the clock in vain for {what}.");
            clock.Advance(step);
            await Task.Delay(2);
        }
    }
}
