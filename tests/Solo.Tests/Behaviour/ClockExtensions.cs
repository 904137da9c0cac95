using MeshGrains.Testing;

namespace MeshGrains.Solo.Tests.Behaviour;

internal static class ClockExtensions
{
    /// <summary>Moves a clock on in steps until the task is done. What a step sets off runs elsewhere, so each leaves it a moment.</summary>
    public static async Task AdvanceUntil(this FakeTimeProvider clock, TimeSpan step, Task done)
    {
        for (var steps = 0; !done.IsCompleted && steps < 3000; steps++)
        {
            clock.Advance(step);
            await Task.WhenAny(done, Task.Delay(5));
        }

        await done;
    }
}
