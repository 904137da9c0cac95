using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>
/// Three silos under issuing load through one gateway address: one is killed, one drained and started again, one frozen for longer than failure detection and
/// thawed, one added. Nothing may be noticed but a gap. Then the control: recording after the reply, and one silo asked with nothing between, have to be seen.
/// </summary>
internal static class SiloKillDrill
{
    public const string Name = "silo-kill";
    private const double MostGapSeconds = 20;
    private static readonly TimeSpan LeastLoad = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(25);

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        if (ClusterNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped($"drill {Name}", missing, options.Json);
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        var faults = new PlantedFaults();
        await using var cluster = await DrillCluster.StartAsync(
            scratch, new DrillPlan { Server = options.Server, Tuning = (name, _) => faults.Of(name) }, cancellationToken);
        await cluster.WarmAsync(cancellationToken);
        var run = await LoadAsync(cluster, cancellationToken);
        var calls = await cluster.Vault!.CallsAsync(cancellationToken);
        var starts = cluster.SiloStarts;
        var signatures = calls.Signatures - RootSignatures;
        var control = await SiloKillControl.RunAsync(cluster, faults, cancellationToken);

        var figures = new FigureSet();
        figures.Set("host", MeshTree.Host);
        figures.Set("clients", (long)ClientRules.Issue.Clients, "through the one address of the gateway, without pause");
        figures.Set("seconds", run.Seconds, 1, $"at least {LeastLoad.TotalSeconds:0}");
        figures.Set("issued", (long)run.Issued, $"certificates received; {run.Issued / run.Seconds:0}/s");
        figures.Set("client_failures", (long)run.Failures, run.FirstFailure ?? $"not served within {ClientRules.Issue.Attempts} attempts and {ClientRules.Issue.Patience.TotalSeconds:0} s; has to be 0");
        figures.Set("retries", (long)run.Retries, "attempts beyond the first");
        figures.Set("unrecorded", (long)run.Audit.Unrecorded, "has to be 0");
        figures.Set("duplicate_serials", (long)run.Audit.DuplicateSerials, "has to be 0");
        figures.Set("invalid", (long)run.Invalid, run.FirstInvalid ?? $"of {run.Checked} validated in full; has to be 0");
        figures.Set("longest_gap_s", run.LongestGap, 2, $"between two successes of any one client; at most {MostGapSeconds:0}");
        foreach (var (phase, gap) in run.Phases)
        {
            figures.Set($"gap_{phase}_s", gap, 2);
        }

        figures.Set("kms_signatures", (long)signatures, "counted by the KMS, without the root's own; at most one for each silo start");
        figures.Set("silo_starts", (long)starts);
        figures.Set("bundle_changes", (long)run.BundleChanges, "has to be 0");
        figures.Set("thawed_silo_came_back_s", run.ThawedBack, 1, "from the thaw to ready, without a hand");
        figures.Set("log_findings", (long)run.LogFindings.Count, LogAudit.First(run.LogFindings));
        figures.Set("control_late_record_unrecorded", (long)control.Unrecorded, "a silo that records after its reply is killed: more than 0");
        figures.Set("control_no_relay_failures", (long)control.Failures, "clients of that silo alone, one attempt: more than 0");
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (run.Seconds >= LeastLoad.TotalSeconds, $"the load lasted {run.Seconds:0} s"),
            (run.Issued > 0, "nothing was issued"),
            (run.Failures == 0, $"{run.Failures} certificates were not got in time, the first: {run.FirstFailure}"),
            (run.Audit.Unrecorded == 0, $"{run.Audit.Unrecorded} certificates are not in the log"),
            (run.Audit.DuplicateSerials == 0, $"{run.Audit.DuplicateSerials} serials were used twice"),
            (run.Invalid == 0, $"{run.Invalid} certificates are not valid: {run.FirstInvalid}"),
            (run.LongestGap <= MostGapSeconds, $"a client waited {run.LongestGap:0.0} s"),
            (signatures <= starts, $"{signatures} KMS signatures for {starts} silo starts"),
            (run.BundleChanges == 0, $"the bundle changed {run.BundleChanges} times"),
            (run.LogFindings.Count == 0, $"the log is not whole: {LogAudit.First(run.LogFindings)}"),
            (control.Unrecorded > 0, "recording after the reply went unseen: the drill cannot fail"),
            (control.Failures > 0, "the death of a silo that was asked alone went unseen: the drill cannot fail"));
    }

    /// <summary>A new root signs its own certificate, once.</summary>
    private const int RootSignatures = 1;

    private static async Task<SiloKillRun> LoadAsync(DrillCluster cluster, CancellationToken cancellationToken)
    {
        await using var bundles = new BundleWatch(cluster.Mesh);
        await using var clients = new DrillClients(cluster.Tokens, cluster.Front, ClientRules.Issue);
        var phases = new List<(string Name, long From, long To)>();
        double thawedBack = 0;
        await PhaseAsync("quiet", () => Task.Delay(TimeSpan.FromSeconds(8), cancellationToken));
        await PhaseAsync("killed", async () =>
        {
            var victim = cluster.Mesh.Silo(1);
            Progress.Say($"SIGKILL {victim.Name}");
            await victim.Process.KillAsync();
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            await victim.UntilReadyAsync(Patience, cancellationToken);
            Progress.Say($"{victim.Name} is ready again");
            await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        });
        await PhaseAsync("drained", async () =>
        {
            var victim = cluster.Mesh.Silo(2);
            Progress.Say($"SIGTERM {victim.Name}");
            await victim.Process.DrainAsync(Patience);
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            await victim.UntilReadyAsync(Patience, cancellationToken);
            Progress.Say($"{victim.Name} is ready again");
            await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        });
        await PhaseAsync("frozen", async () =>
        {
            var victim = cluster.Mesh.Silo(3);
            Progress.Say($"SIGSTOP {victim.Name} for {Frozen.TotalSeconds:0} s");
            victim.Process.Freeze();
            await Task.Delay(Frozen, cancellationToken);
            Progress.Say($"SIGCONT {victim.Name}");
            victim.Process.Thaw();
            var thawed = Stopwatch.StartNew();
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            await victim.UntilReadyAsync(Patience, cancellationToken);
            thawedBack = thawed.Elapsed.TotalSeconds;
            Progress.Say($"{victim.Name} is ready again, started {victim.Process.Starts} times");
        });
        await PhaseAsync("added", async () =>
        {
            var added = await cluster.Mesh.AddSiloAsync(cancellationToken);
            Progress.Say($"{added.Name} was added");
            await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        });
        var left = LeastLoad - Stopwatch.GetElapsedTime(clients.Began);
        await PhaseAsync("end", () => left > TimeSpan.Zero ? Task.Delay(left, cancellationToken) : Task.CompletedTask);
        var ended = Stopwatch.GetTimestamp();
        await clients.StopAsync();
        await bundles.StopAsync();

        var received = clients.Received();
        var failures = clients.Failures();
        var audit = await LogAudit.RunAsync(cluster, [.. received.Select(one => one.Serial)], cancellationToken);
        var (validated, invalid, firstInvalid) = clients.Validate(cluster.Front.TrustPem!);
        using var admin = await cluster.AdminAsync(cancellationToken);
        return new SiloKillRun
        {
            Seconds = Stopwatch.GetElapsedTime(clients.Began, ended).TotalSeconds,
            Issued = received.Length,
            Failures = failures.Length,
            FirstFailure = failures.Select(failure => $"{Stopwatch.GetElapsedTime(clients.Began, failure.At).TotalSeconds:0.0} s after the start: {failure.Why}").FirstOrDefault(),
            Retries = clients.Attempts - received.Length,
            Audit = audit,
            Checked = validated,
            Invalid = invalid,
            FirstInvalid = firstInvalid,
            LongestGap = clients.LongestGap(clients.Began, ended).TotalSeconds,
            Phases = [.. phases.Select(phase => (phase.Name, clients.LongestGap(phase.From, phase.To).TotalSeconds))],
            BundleChanges = bundles.Changes,
            ThawedBack = thawedBack,
            LogFindings = await admin.VerifyLogAsync(cancellationToken),
        };

        async Task PhaseAsync(string name, Func<Task> act)
        {
            var from = Stopwatch.GetTimestamp();
            var (issued, failed) = (clients.Issued, clients.Failures().Length);
            await act();
            phases.Add((name, from, Stopwatch.GetTimestamp()));
            Progress.Say($"{name}: {clients.Issued - issued} issued, {clients.Failures().Length - failed} failed, longest gap {clients.LongestGap(from, Stopwatch.GetTimestamp()).TotalSeconds:0.0} s");
        }
    }
}
