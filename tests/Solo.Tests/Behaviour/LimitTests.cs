using MeshGrains.Solo.Tests.Behaviour.Grains;
using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Solo.Tests.Behaviour;

public sealed class LimitTests
{
    [Fact]
    public async Task A_call_that_is_not_answered_in_time_is_given_up_and_may_still_run()
    {
        var settings = new HostSettings { ResponseTimeout = TimeSpan.FromSeconds(4) };
        await using var host = await GrainHost.StartAsync(settings);
        var grain = host.Grains.GetGrain<ITurnsGrain>("slow", typeof(TurnsGrain).FullName);
        await grain.Peek();
        var running = grain.Hold("slow");
        await settings.Probe.Marked("in:slow");
        var waiting = grain.Hold("never");
        await Assert.ThrowsAsync<TimeoutException>(() => running);
        await Assert.ThrowsAsync<TimeoutException>(() => waiting);
        settings.Probe.Open("never");
        settings.Probe.Open("slow");
        await settings.Probe.Marked("out:slow");
        Assert.Equal(1, await grain.Add());
        Assert.Equal(0, settings.Probe.Marks("in:never"));
    }

    [Fact]
    public async Task Too_many_waiting_requests_are_refused_and_the_others_served()
    {
        var settings = new HostSettings { MaxEnqueuedRequests = 10 };
        await using var host = await GrainHost.StartAsync(settings);
        var grain = host.Grains.GetGrain<ITurnsGrain>("crowded", typeof(TurnsGrain).FullName);
        var held = grain.Hold("crowd");
        await settings.Probe.Marked("in:crowd");
        int refused = 0, served = 0;
        var enough = new TaskCompletionSource();
        var calls = Enumerable.Range(0, 100).Select(async _ =>
        {
            try
            {
                await grain.Add();
                Interlocked.Increment(ref served);
            }
            catch (LimitExceededException)
            {
                if (Interlocked.Increment(ref refused) == 85)
                {
                    enough.SetResult();
                }
            }
        }).ToArray();

        await enough.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, served);
        settings.Probe.Open("crowd");
        await held;
        await Task.WhenAll(calls);
        Assert.InRange(served, 9, 11);
        Assert.Equal(100, served + refused);
    }
}
