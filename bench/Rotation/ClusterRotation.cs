using System.Diagnostics;
using System.Text.Json.Nodes;

namespace MeshGrains.Bench;

/// <summary>Takes a cluster's root through rotations, with what is done to its silos meanwhile.</summary>
internal sealed class ClusterRotation(DrillCluster cluster)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Phases in which a silo was killed, by the rotation's own history.</summary>
    public List<string> Interrupted { get; } = [];

    public TimeSpan Frozen { get; private set; }

    public DateTimeOffset ThawedAt { get; private set; }

    /// <summary>From the thaw until that silo was ready.</summary>
    public TimeSpan ThawedBack { get; private set; }

    /// <summary>One rotation from its start to its end.</summary>
    /// <param name="kill">One silo after another is killed, one in each phase; for the first phase the vault too, or it would be over at once.</param>
    /// <param name="freeze">Is stopped once the next root signs, and goes on when the rotation is done; null for none.</param>
    /// <param name="cancellationToken">Ends the drill.</param>
    /// <exception cref="TimeoutException">It did not come to its end; the message tells which gates are shut.</exception>
    public async Task<RotationState> RotateAsync(bool kill, ClusterMember? freeze, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var known = (await StateAsync(cancellationToken))?.Id;
        var kills = new List<(string Phase, DateTimeOffset At)>();
        var (told, victim) = ("", 0);
        long? frozenAt = null;
        if (kill)
        {
            await cluster.Vault!.KillAsync();
        }

        await BeginAsync(cancellationToken);
        while (true)
        {
            var state = await StateAsync(cancellationToken);
            if (state is not null && state.Id != known)
            {
                if (told != state.Phase)
                {
                    told = state.Phase;
                    Progress.Say($"{told} after {clock.Elapsed.TotalSeconds:0.0} s");
                }

                if (state.IsDone)
                {
                    Interrupted.AddRange(kills.Where(one => state.WasIn(one.Phase, one.At)).Select(one => one.Phase));
                    if (frozenAt is { } since)
                    {
                        await ThawAsync(freeze!, since, cancellationToken);
                    }

                    return state;
                }

                if (kill && kills.All(one => one.Phase != state.Phase))
                {
                    kills.Add((state.Phase, DateTimeOffset.UtcNow));
                    await KillAsync(cluster.Mesh.Silo((victim++ % cluster.Mesh.Silos.Count) + 1), state.Phase, cancellationToken);
                }
                else if (freeze is not null && frozenAt is null && state.Phase == "activate")
                {
                    Progress.Say($"SIGSTOP {freeze.Name}");
                    freeze.Process.Freeze();
                    frozenAt = Stopwatch.GetTimestamp();
                }
            }
            else if (state is not null)
            {
                // Not begun: the order may have been lost.
                await BeginAsync(cancellationToken);
            }

            if (clock.Elapsed > Longest)
            {
                throw new TimeoutException($"The rotation stands in '{state?.Phase}' after {clock.Elapsed.TotalSeconds:0} s. Shut: {state?.Shut}");
            }

            await Task.Delay(Look, cancellationToken);
        }
    }

    private async Task KillAsync(ClusterMember victim, string phase, CancellationToken cancellationToken)
    {
        Progress.Say($"SIGKILL {victim.Name} in {phase}");
        await victim.Process.KillAsync();
        if (phase == RotationState.Phases[0])
        {
            await cluster.RestartVaultAsync(cancellationToken);
        }

        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        await victim.UntilReadyAsync(Patience, cancellationToken);
        Progress.Say($"{victim.Name} is ready again");
    }

    private async Task ThawAsync(ClusterMember frozen, long since, CancellationToken cancellationToken)
    {
        Frozen = Stopwatch.GetElapsedTime(since);
        ThawedAt = DateTimeOffset.UtcNow;
        frozen.Process.Thaw();
        Progress.Say($"SIGCONT {frozen.Name} after {Frozen.TotalSeconds:0} s");
        var clock = Stopwatch.StartNew();
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        await frozen.UntilReadyAsync(Patience, cancellationToken);
        ThawedBack = clock.Elapsed;
        Progress.Say($"{frozen.Name} is ready again, started {frozen.Process.Starts} times");
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var admin = await cluster.AdminAsync(cancellationToken);
            using var answer = await admin.PostAsync("rotation", new JsonObject { ["reason"] = "drill" }, cancellationToken);
        }
        catch (Exception refused) when (IsPassing(refused, cancellationToken))
        {
            // Begun and not answered for, or under way already: its status tells.
            Progress.Say(refused.Message);
        }
    }

    private async Task<RotationState?> StateAsync(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            using var admin = await cluster.AdminAsync(cancellationToken);
            using var status = await admin.GetAsync("rotation", cancellationToken);
            return RotationState.Read(status.RootElement) ?? RotationState.None;
        }
        catch (Exception failure) when (IsPassing(failure, cancellationToken))
        {
            Progress.Say($"no status after {clock.Elapsed.TotalSeconds:0.0} s: {failure.Message}");
            return null;
        }
    }

    private static bool IsPassing(Exception failure, CancellationToken cancellationToken) =>
        failure is HttpRequestException or InvalidOperationException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
