using MeshGrains.Solo.Tests.Behaviour.Grains;
using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Solo.Tests.Behaviour;

public sealed class LimitTests
{
    [Fact]
    public async Task A_call_that_is_not_answered_in_time_is_given_up_and_may_still_run()
    {
        var settings = new HostSettings { ResponseTimeout = TimeSpan.FromMilliseconds(400) };
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
        var calls = Enumerable.Range(0, 100).Select(_ => grain.Add()).ToArray();
        var refused = 0;
        foreach (var call in calls[20..])
        {
            await Assert.ThrowsAsync<LimitExceededException>(() => call);
            refused++;
        }

        settings.Probe.Open("crowd");
        await held;
        var served = 0;
        foreach (var call in calls[..20])
        {
            try
            {
                await call;
                served++;
            }
            catch (LimitExceededException)
            {
                refused++;
            }
        }

        Assert.InRange(served, 9, 11);
        Assert.Equal(100, served + refused);
    }
}
