using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MeshGrains.Bench;

/// <summary>How the rotation of a root with many holders went.</summary>
internal sealed record RotationCourse
{
    public required string LeavingRoot { get; init; }

    /// <summary>From the first order that an agent saw until no holder held a certificate of the leaving root; null when that never was.</summary>
    public required TimeSpan? Replaced { get; init; }

    public required TimeSpan Drain { get; init; }

    /// <summary>Gates of the drain that were passed by, in the rotation's words; null for none.</summary>
    public required string? PassedBy { get; init; }

    /// <summary>Milliseconds of one look at the status.</summary>
    public required double LookMedian { get; init; }

    public required double LookMax { get; init; }

    /// <summary>
    /// Follows it to its end. In distribute the certificates of before are passed by as soon as nothing else is waited for, as the operator of a compromised root does: their holders
    /// have the next root through their agents, which have acknowledged it.
    /// </summary>
    /// <exception cref="TimeoutException">It did not come to its end.</exception>
    public static async Task<RotationCourse> FollowAsync(SiloProcess silo, HolderFleet fleet, TimeSpan look, TimeSpan patience, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var looks = new List<double>();
        var (told, toldAt, forced, live) = ("", TimeSpan.Zero, false, 0L);
        TimeSpan? drain = null, ordered = null, replaced = null, drained = null;
        while (true)
        {
            var began = Stopwatch.GetTimestamp();
            using var status = await silo.Admin.GetAsync("rotation", cancellationToken);
            looks.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            var state = RotationState.Read(status.RootElement) ?? throw new InvalidDataException("The rotation is not there.");
            live = status.RootElement.TryGetProperty("chainsToLeavingRoot", out var left) && left.ValueKind == JsonValueKind.Number ? left.GetInt64() : live;
            var held = state.LeavingRoot is { } leaving ? fleet.Count(one => one.Root == leaving) : 0;
            if (state.Phase == "drain")
            {
                drain ??= clock.Elapsed;
                ordered ??= fleet.Tally.FirstOrder is null ? null : clock.Elapsed;
            }

            replaced ??= ordered is { } since && held == 0 ? clock.Elapsed - since : null;
            drained ??= drain is { } from && state.Phase != "drain" ? clock.Elapsed - from : null;
            if (told != state.Phase || clock.Elapsed - toldAt > TimeSpan.FromSeconds(20))
            {
                (told, toldAt) = (state.Phase, clock.Elapsed);
                Progress.Say($"{told} after {clock.Elapsed.TotalSeconds:0} s: {live} live under the root that leaves, {held} of them held, {fleet.Tally.Issued} issued; {state.Shut}");
            }

            if (!forced && state.Phase == "distribute" && state.ShutGates is ["certificates"])
            {
                using var answer = await silo.Admin.PostAsync("rotation/force", new JsonObject { ["reason"] = "drill: every agent has acknowledged the next root" }, cancellationToken);
                forced = true;
            }

            if (state.IsDone)
            {
                return new RotationCourse
                {
                    LeavingRoot = state.LeavingRoot!,
                    Replaced = replaced,
                    Drain = drained ?? clock.Elapsed,
                    PassedBy = state.Moves.Any(move => move is { Event: "deadlinePassed" or "forced", Phase: "drain" }) ? string.Join("; ", state.Moves.Select(move => $"{move.Event} in {move.Phase}")) : null,
                    LookMedian = Statistics.Median(looks),
                    LookMax = looks.Max(),
                };
            }

            if (clock.Elapsed > patience)
            {
                throw new TimeoutException($"The rotation stands in '{state.Phase}' after {clock.Elapsed.TotalSeconds:0} s. Shut: {state.Shut}");
            }

            await Task.Delay(look, cancellationToken);
        }
    }
}
