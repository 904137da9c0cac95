namespace MeshGrains.Bench;

/// <summary>
/// An attacker with the stores in his hands edits, swaps, rolls back, truncates and deletes what lies there, while silos run and while they are stopped. Nothing
/// of it may be taken for the control plane's own. The controls: the same questions about what nobody touched have to be answered with yes.
/// </summary>
internal static class TamperDrill
{
    public const string Name = "tamper";

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        if (ClusterNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped($"drill {Name}", missing, options.Json);
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        TamperTarget? target = null;
        try
        {
            // The stores are watched from the first write on, so that there is something old to put back.
            await using var cluster = await DrillCluster.StartAsync(
                scratch,
                new DrillPlan
                {
                    Server = options.Server,

                    // Nobody balances load onto these silos: each of many stops would wait for it.
                    Flags = ["--set", "gateway.drainDelay=0s"],
                    Tuning = (_, mesh) =>
                    {
                        target ??= new TamperTarget(mesh.Stores.Blob);
                        return MemberTuning.None;
                    },
                },
                cancellationToken);
            await target!.StopWatchingAsync();
            var running = new RunningAttacks(cluster, target, cancellationToken);
            await running.RunAsync();
            var stopped = new StoppedAttacks(cluster, target, cancellationToken);
            await stopped.RunAsync();
            return Tell(options, [.. running.Done, .. stopped.Done], [.. running.NotCovered, .. stopped.NotCovered], [.. running.Controls, .. stopped.Controls]);
        }
        finally
        {
            if (target is not null)
            {
                await target.DisposeAsync();
            }
        }
    }

    private static int Tell(DrillOptions options, TamperAttack[] attacks, TamperAttack[] notCovered, TamperAttack[] controls)
    {
        var accepted = attacks.Where(attack => attack.Accepted).ToArray();
        var blind = controls.Where(control => !control.Accepted).ToArray();
        var figures = new FigureSet();
        figures.Set("host", MeshTree.Host);
        figures.Set("attacks", (long)attacks.Length, "made, each with its outcome below");
        figures.Set("accepted", (long)accepted.Length, "has to be 0");
        figures.Set("controls", (long)controls.Length, "the same questions about what nobody touched");
        figures.Set("controls_accepted", (long)(controls.Length - blind.Length), "have to be answered with yes, all of them");
        figures.Set("not_covered", (long)notCovered.Length, "known not to be noticed, told below and no part of the promise");
        figures.Set("skipped", (string?)null);
        figures.Set("attack_outcomes", List(attacks));
        figures.Set("not_covered_outcomes", List(notCovered));
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (attacks.Length > 0, "nothing was attacked"),
            (accepted.Length == 0, $"accepted: {string.Join(", ", accepted.Select(attack => $"{attack.Name} ({attack.Outcome})"))}"),
            (blind.Length == 0, $"refused without any attack, so that a refusal proves nothing: {string.Join(", ", blind.Select(control => $"{control.Name} ({control.Outcome})"))}"));
    }

    private static (string Name, string Outcome)[] List(IEnumerable<TamperAttack> attacks)
        => [.. attacks.Select(attack => (attack.Name, (attack.Accepted ? "ACCEPTED: " : "") + attack.Outcome))];
}
