using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

/// <summary>A plain class as grain: no base, everything by its constructor.</summary>
[GrainType("tally")]
public sealed class TallyGrain(
    IGrainContext context,
    IGrainFactory grains,
    Probe probe,
    [PersistentState("tally", "records")] IPersistentState<Tally> tally) : IGrainBase, ITallyGrain, IDisposable
{
    private static long activations;
    private readonly long _activation = Interlocked.Increment(ref activations);
    private readonly string _keyWhileConstructed = context.GrainId.Key.ToString()!;

    public IGrainContext GrainContext { get; } = context;

    private string Key => this.GetPrimaryKeyString();

    public async Task OnActivateAsync(CancellationToken token)
    {
        await Task.Yield();
        _ = tally.RecordExists;
        if (probe.IsBroken(Key))
        {
            throw new ArgumentException("This one cannot start.");
        }

        probe.Mark($"active:{_keyWhileConstructed}");
    }

    public Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token)
    {
        probe.Write($"{Key}: {reason.ReasonCode}");
        probe.Mark($"inactive:{Key}");
        return Task.CompletedTask;
    }

    public void Dispose() => probe.Mark($"disposed:{_keyWhileConstructed}");

    public Task<long> Activation() => Task.FromResult(_activation);

    public Task<(int Value, bool Exists)> Read() => Task.FromResult((tally.State.Value, tally.RecordExists));

    public async Task<int> Add(int by)
    {
        tally.State = new(tally.State.Value + by, "");
        await tally.WriteStateAsync();
        return tally.State.Value;
    }

    public async Task<int> AddThrice()
    {
        await Task.WhenAll(Add(1), Add(1), Add(1));
        return tally.State.Value;
    }

    public async Task Clear()
    {
        await tally.ClearStateAsync();
    }

    public Task<int> AddThrough(string other) => grains.GetGrain<ITallyGrain>(other).Add(1);

    public Task Leave()
    {
        this.DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public async Task LeaveAfter(string gate)
    {
        this.DeactivateOnIdle();
        probe.Mark($"in:{gate}");
        await probe.Opened(gate);
    }

    public Task Refuse(int limit) => throw new TallyRefusedException("Too much.", limit);

    public Task<bool> StateIsRefusedOutsideTurns() => Task.Run(() =>
    {
        try
        {
            return tally.State is null;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    });
}
