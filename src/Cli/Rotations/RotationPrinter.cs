namespace MeshGrains.Cli;

/// <summary>Tells of a rotation in words.</summary>
internal static class RotationPrinter
{
    public static void Print(Printer printer, RotationStatusView status)
    {
        if (status.Rotation is not { } rotation)
        {
            printer.Line($"The root of {status.TrustDomain} was never rotated. Bundle {status.BundleNumber}.");
            printer.Line(status.Trouble is null ? "'rotate root start --reason TEXT' begins one." : $"TROUBLE: {status.Trouble}");
            return;
        }

        var running = rotation.Phase != RotationPhases.Done;
        printer.Facts(
            ("trust domain", status.TrustDomain),
            ("rotation", $"{rotation.Id}, begun {Printable.Of(rotation.StartedAt)}{(rotation.Compromised ? ", of a COMPROMISED root" : "")}"),
            ("phase", $"{rotation.Phase}: {(rotation is { RolledBack: true, Phase: RotationPhases.Done } ? "it was rolled back" : RotationPhases.Meaning(rotation.Phase))}"),
            ("since", $"{Printable.Of(rotation.PhaseSince)}{(running ? $", for {Durations.Format(TimeSpan.FromSeconds(rotation.PhaseSeconds))}" : "")}"),
            ("way", rotation.RolledBack ? "back: rolled back to the former root" : null),
            ("paused", rotation.Paused && running ? "yes; 'rotate root resume' lets it go on" : null),
            ("forced", rotation.ForcePending ? "the gates of this phase are passed by as soon as they are looked at" : null),
            ("leaving root", rotation.LeavingRoot),
            ("staying root", rotation.StayingRoot ?? (running ? "not made yet" : null)),
            ("bundle", $"{status.BundleNumber}{(running && rotation.WaitsForBundle > 0 ? $"; everyone is to hold {rotation.WaitsForBundle}" : "")}"),
            ("re-issue over", rotation.ReissueOverSeconds > 0 ? Durations.Format(TimeSpan.FromSeconds(rotation.ReissueOverSeconds)) : null),
            ("chains to it still", running && rotation.LeavingRoot is not null
                ? status.ChainsToLeavingRoot is { } live ? $"{live} live certificates chain to the leaving root" : "not counted" : null),
            ("estimate", !running ? null : status.EstimatedPhaseEnd is { } end
                ? end <= status.Now ? "this phase ends at the next look" : $"this phase ends about {Printable.Of(end)}, in {Durations.Format(end - status.Now)}"
                : status.Gates is { Count: > 0 } ? "none: a gate waits for somebody, not for a time" : null));
        if (status.Trouble is { } trouble)
        {
            printer.Line($"TROUBLE: {trouble}");
        }

        PrintGates(printer, status.Gates ?? []);
        printer.Line();
        printer.Table(
            ["at", "event", "phase", "by", "what"],
            (rotation.Events ?? []).Select(one => (IReadOnlyList<string?>)[Printable.Of(one.At), one.Event, one.Phase, one.Actor, one.Detail]),
            "Nothing is recorded of it.");
    }

    public static void PrintGates(Printer printer, IReadOnlyList<RotationGateItem> gates)
    {
        if (gates.Count == 0)
        {
            return;
        }

        printer.Line();
        printer.Table(
            ["gate", "is", "waits for", "opens by", "why"],
            gates.Select(gate => (IReadOnlyList<string?>)[gate.Name, gate.Open ? "open" : "SHUT", gate.Open ? "" : $"{gate.Waits}", Printable.Of(gate.OpensBy), gate.Detail]),
            "");
        foreach (var gate in gates.Where(gate => !gate.Open && gate.Missing is { Count: > 0 }))
        {
            printer.Line();
            printer.Line($"Missing at '{gate.Name}':");
            foreach (var name in gate.Missing!)
            {
                printer.Line($"  {name}");
            }

            if (gate.Waits > gate.Missing!.Count)
            {
                printer.Line($"  and {gate.Waits - gate.Missing.Count} more");
            }
        }
    }
}
