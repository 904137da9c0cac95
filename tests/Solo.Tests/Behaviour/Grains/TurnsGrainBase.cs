using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

public abstract class TurnsGrainBase(Probe probe) : Grain
{
    /// <summary>What a test sets beside a call, to see whether it travels with it.</summary>
    public static readonly AsyncLocal<string?> Ambient = new();

    private int _count;
    private int _inside;

    public async Task Hold(string name)
    {
        probe.Mark($"in:{name}");
        await probe.Opened(name);
        probe.Mark($"out:{name}");
    }

    public Task HoldAside(string name) => Hold(name);

    public Task HoldReading(string name) => Hold(name);

    public Task<string> Peek() => Task.FromResult(this.GetPrimaryKeyString());

    public Task Tell(string name)
    {
        probe.Mark($"told:{name}");
        throw new InvalidOperationException("Nobody hears this.");
    }

    public async Task<int> Add()
    {
        for (var turn = 0; turn < 3; turn++)
        {
            if (Interlocked.Exchange(ref _inside, 1) == 1)
            {
                throw new InvalidOperationException("Two turns met.");
            }

            Thread.SpinWait(500);
            Interlocked.Exchange(ref _inside, 0);
            await Task.Yield();
        }

        return ++_count;
    }

    public async Task<bool> HoldUntilCancelled(string name, CancellationToken cancellationToken)
    {
        probe.Mark($"in:{name}");
        var scheduler = TaskScheduler.Current;
        var cancelled = new TaskCompletionSource();
        await using var registration = cancellationToken.Register(() => cancelled.TrySetResult());
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
        probe.Mark(TaskScheduler.Current == scheduler ? $"cancelled:{name}" : "cancelled elsewhere");
        return true;
    }

    public async ValueTask<bool> StaysOnItsScheduler()
    {
        var scheduler = TaskScheduler.Current;
        var own = scheduler != TaskScheduler.Default;
        await Task.Yield();
        own &= TaskScheduler.Current == scheduler;
        await Task.Delay(1);
        own &= TaskScheduler.Current == scheduler;
        await Task.Run(() => own &= TaskScheduler.Current == TaskScheduler.Default);
        own &= TaskScheduler.Current == scheduler;
        return own;
    }

    public async Task<string> Through(string other) => $"{this.GetPrimaryKeyString()}>{await GrainFactory.GetGrain<ITurnsGrain>(other, GetType().FullName).Peek()}";

    public Task<ITurnsGrain> Myself() => Task.FromResult(this.AsReference<ITurnsGrain>());

    public Task Fail(string message) => throw new InvalidOperationException(message);

    public Task<string?> AmbientValue() => Task.FromResult(Ambient.Value);
}
