using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[GrainType("timer")]
public sealed class TimerGrain(Probe probe) : Grain, ITimerGrain
{
    private IGrainTimer? _timer;

    private string Key => this.GetPrimaryKeyString();

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        probe.Mark($"inactive:{Key}");
        return Task.CompletedTask;
    }

    public Task Start(string what, TimeSpan dueTime, TimeSpan period, bool interleave, bool keepAlive)
    {
        _timer = this.RegisterGrainTimer(TickAsync, what, new GrainTimerCreationOptions(dueTime, period) { Interleave = interleave, KeepAlive = keepAlive });
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }

    public Task Change(TimeSpan dueTime, TimeSpan period)
    {
        _timer!.Change(dueTime, period);
        return Task.CompletedTask;
    }

    public async Task Hold(string gate)
    {
        probe.Mark($"in:{gate}");
        await probe.Opened(gate);
    }

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    private async Task TickAsync(string what, CancellationToken cancellationToken)
    {
        probe.Mark($"tick:{Key}");
        switch (what)
        {
            case "throw":
                throw new InvalidOperationException("A tick fails.");
            case "stale":
                throw new InconsistentStateException("A tick finds its state stale.");
            case "hold":
                await probe.Opened($"hold:{Key}");
                break;
            case "await the end":
                try
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    probe.Mark($"ended:{Key}");
                }

                break;
        }
    }
}
