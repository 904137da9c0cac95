using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>Takes rotations through their phases and counts what came of them.</summary>
internal sealed class RotationRun(RotationStage stage, TimeSpan look, TimeSpan longest, TimeSpan settle)
{
    private readonly Lock _gate = new();

    /// <summary>Rotations that ended with the next root.</summary>
    public int Rotations { get; private set; }

    public int Rollbacks { get; private set; }

    /// <summary>Phases in which the control plane was killed, by the rotation's own history.</summary>
    public List<string> Interrupted { get; } = [];

    /// <summary>Where roots that left were found alive.</summary>
    public List<string> Alive { get; } = [];

    public TimeSpan Frozen { get; private set; }

    public bool FrozenIsBack { get; private set; }

    /// <summary>One rotation from its start to its end.</summary>
    /// <param name="domain">Whose root rotates.</param>
    /// <param name="killed">The control plane is killed once in every phase.</param>
    /// <param name="rollBack">It is rolled back once the next root signs.</param>
    /// <param name="freeze">An agent of the first domain is frozen from before the drain until after the end.</param>
    /// <param name="cancellationToken">Ends the drill.</param>
    /// <exception cref="TimeoutException">It did not come to its end; the message tells which gates are shut.</exception>
    public async Task RotateAsync(RotatingDomain domain, bool killed, bool rollBack, bool freeze, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var kills = new List<(string Phase, DateTimeOffset At)>();
        var left = new HashSet<string>(killed ? RotationState.Phases : []);
        var known = (await domain.RotationAsync(cancellationToken))?.Id;
        var (rolledBack, told) = (false, "");
        long? frozenAt = null;
        if (left.Contains(RotationState.Phases[0]))
        {
            // Without a key manager no root is made: the rotation stands in its first phase.
            await domain.Vault.KillAsync();
        }

        await BeginAsync(domain, cancellationToken);
        while (true)
        {
            var state = await StateAsync(domain, cancellationToken);
            if (state is null || state.Id == known)
            {
                // Not begun: the order may have been lost.
                await BeginAsync(domain, cancellationToken);
            }
            else
            {
                if (told != state.Phase)
                {
                    told = state.Phase;
                    Progress.Say($"{domain.TrustDomain.Name}: {told}{(state.RolledBack ? ", rolled back" : "")} after {clock.Elapsed.TotalSeconds:0.0} s");
                }

                if (state.IsDone)
                {
                    await EndAsync(domain, state, kills, frozenAt, cancellationToken);
                    return;
                }

                if (left.Remove(state.Phase))
                {
                    kills.Add((state.Phase, TimeProvider.System.GetUtcNow()));
                    Progress.Say($"{domain.TrustDomain.Name}: SIGKILL to the control plane in {state.Phase}");
                    await domain.RestartAsync(vaultIsGone: state.Phase == RotationState.Phases[0], cancellationToken);
                }
                else if (state.Phase == "activate" && rollBack && !rolledBack)
                {
                    await domain.RotateAsync("rollback", "drill", cancellationToken);
                    rolledBack = true;
                }
                else if (state.Phase == "activate" && freeze && frozenAt is null)
                {
                    stage.FreezeBystander();
                    frozenAt = Stopwatch.GetTimestamp();
                }
            }

            if (clock.Elapsed > longest)
            {
                throw new TimeoutException($"The rotation of {domain.TrustDomain.Name} stands in '{state?.Phase}' after {clock.Elapsed.TotalSeconds:0} s. Shut: {state?.Shut}");
            }

            await Task.Delay(look, cancellationToken);
        }
    }

    private static async Task BeginAsync(RotatingDomain domain, CancellationToken cancellationToken)
    {
        try
        {
            await domain.RotateAsync("", "drill", cancellationToken);
        }
        catch (HttpRequestException refused)
        {
            // Begun and not answered for, or under way already: its status tells.
            Progress.Say($"{domain.TrustDomain.Name}: {refused.Message}");
        }
    }

    private static async Task<RotationState?> StateAsync(RotatingDomain domain, CancellationToken cancellationToken)
    {
        try
        {
            return await domain.RotationAsync(cancellationToken);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private async Task EndAsync(
        RotatingDomain domain, RotationState state, List<(string Phase, DateTimeOffset At)> kills, long? frozenAt, CancellationToken cancellationToken)
    {
        if (frozenAt is { } since)
        {
            var thawed = TimeProvider.System.GetUtcNow();
            await stage.ThawBystanderAsync(cancellationToken);
            Frozen = Stopwatch.GetElapsedTime(since);
            FrozenIsBack = await HoldsAsync(() => Task.FromResult(stage.BystanderIsBack(state.LeavingRoot!, thawed)), settle * 3, cancellationToken);
        }

        IReadOnlyList<string> alive = [];
        await HoldsAsync(async () => (alive = await stage.AliveAsync(state.LeavingRoot!, cancellationToken)).Count == 0, settle, cancellationToken);
        lock (_gate)
        {
            Interrupted.AddRange(kills.Where(kill => state.WasIn(kill.Phase, kill.At)).Select(kill => kill.Phase));
            Alive.AddRange(alive);
            (Rotations, Rollbacks) = state.RolledBack ? (Rotations, Rollbacks + 1) : (Rotations + 1, Rollbacks);
        }
    }

    private async Task<bool> HoldsAsync(Func<Task<bool>> condition, TimeSpan patience, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > patience)
            {
                return false;
            }

            await Task.Delay(look, cancellationToken);
        }

        return true;
    }
}
