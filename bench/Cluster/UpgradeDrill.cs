namespace MeshGrains.Bench;

/// <summary>
/// A cluster of an older version becomes one of this tree's, silo by silo and the gateway last, under issuing load and an operator's calls; in the middle one silo goes
/// back. Nothing may be noticed. Then the control: a version that cannot read what is stored has to be seen.
/// </summary>
internal static class UpgradeDrill
{
    public const string Name = "upgrade";
    public const string DefaultFrom = "HEAD~1";
    private const double MostGapSeconds = 5;

    /// <summary>What silos from before JWT-SVIDs need of newer ones beside them (docs/operations/upgrade.md).</summary>
    private const string WithoutJwt = "jwt.enabled=false";

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        if (ClusterNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped($"drill {Name}", missing, options.Json);
        }

        ProductVersion older;
        try
        {
            older = await ProductVersion.FromAsync(options.From, cancellationToken);
        }
        catch (ArgumentException wrong)
        {
            Console.Error.WriteLine($"drill {Name}: {wrong.Message}");
            return 2;
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var sample = new TestCluster(scratch.Path);
        var newer = await ProductVersion.OfTreeAsync(options.Server, cancellationToken);
        var jwt = await older.TakesAsync(WithoutJwt, sample.WriteConfig(), cancellationToken);
        var versions = new RollingVersions(older, newer, jwt ? [] : [WithoutJwt]);
        var faults = new PlantedFaults();
        await using var cluster = await DrillCluster.StartAsync(
            scratch, new DrillPlan { Tuning = (name, _) => versions.Of(name, faults.Of(name)) }, cancellationToken);
        await cluster.WarmAsync(cancellationToken);
        var run = await new UpgradeLoad(cluster, versions, jwt).RunAsync(cancellationToken);
        var control = run.Stuck is null ? await UpgradeControl.RunAsync(cluster, faults, cancellationToken) : default;

        var figures = new FigureSet();
        figures.Set("host", MeshTree.Host);
        figures.Set("from", older.Name, "the older version");
        figures.Set("to", newer.Name, jwt ? "this tree" : $"this tree, with {WithoutJwt}: the older version knows no JWT-SVIDs");
        figures.Set("clients", (long)ClientRules.Issue.Clients, "through the gateway, without pause");
        figures.Set("seconds", run.Seconds, 1);
        figures.Set("issued", (long)run.Issued, $"certificates received; {run.Issued / run.Seconds:0}/s");
        figures.Set("client_failures", (long)run.Failures.Count, First(run.Failures) ?? $"not served within {ClientRules.Issue.Attempts} attempts and {ClientRules.Issue.Patience.TotalSeconds:0} s; has to be 0");
        figures.Set("retries", (long)run.Retries, "attempts beyond the first");
        figures.Set("admin_calls", (long)run.AdminCalls, $"{run.Registered} entries registered, {run.Quarantined} identities quarantined, lists read");
        figures.Set("admin_failures", (long)run.AdminFailures.Count, First(run.AdminFailures) ?? "not done within 3 attempts of 5 s; has to be 0");
        figures.Set("unrecorded", (long)run.Audit.Unrecorded, "has to be 0");
        figures.Set("duplicate_serials", (long)run.Audit.DuplicateSerials, "has to be 0");
        figures.Set("invalid", (long)run.Invalid, run.FirstInvalid ?? $"of {run.Checked} validated in full; has to be 0");
        figures.Set("lost_registrations", (long)run.LostRegistrations, "acknowledged, and not shown by every silo at the end; has to be 0");
        figures.Set("lost_denials", (long)run.LostDenials, "the same of quarantines; has to be 0");
        figures.Set("longest_gap_s", run.LongestGap, 2, $"between two successes of any one client; at most {MostGapSeconds:0}");
        foreach (var (phase, gap) in run.Phases)
        {
            figures.Set($"gap_{phase}_s", gap, 2);
        }

        figures.Set("mixed_s", run.Mixed, 1, "both versions side by side");
        figures.Set("rolled_back", run.RolledBack, "one silo went back to the older version in the middle");
        figures.Set("stuck", run.Stuck, "why the upgrade stopped; has to be null");
        figures.Set("bundle_changes", (long)run.BundleChanges, "has to be 0");
        figures.Set("log_findings", (long)run.LogFindings.Count, LogAudit.First(run.LogFindings));
        figures.Set("control_client_failures", (long)control.Failures, "a version that cannot read what is stored, in all silos at once: more than 0");
        figures.Set("control_admin_failures", (long)control.AdminFailures, "more than 0");
        figures.Set("control_told", control.Told, "a silo's readiness gives the reason");
        figures.Set("control_ready_silos", (long)control.Ready, "has to be 0");
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (run.Stuck is null, $"the upgrade stopped at {run.Stuck}"),
            (run.RolledBack, "no silo went back"),
            (run.Issued > 0, "nothing was issued"),
            (run.Failures.Count == 0, $"{run.Failures.Count} certificates were not got in time, the first: {First(run.Failures)}"),
            (run.Registered > 0 && run.Quarantined > 0, "the operator did nothing"),
            (run.AdminFailures.Count == 0, $"{run.AdminFailures.Count} calls of the operator failed, the first: {First(run.AdminFailures)}"),
            (run.Audit.Unrecorded == 0, $"{run.Audit.Unrecorded} certificates are not in the log"),
            (run.Audit.DuplicateSerials == 0, $"{run.Audit.DuplicateSerials} serials were used twice"),
            (run.Invalid == 0, $"{run.Invalid} certificates are not valid: {run.FirstInvalid}"),
            (run.LostRegistrations == 0, $"{run.LostRegistrations} registrations are lost"),
            (run.LostDenials == 0, $"{run.LostDenials} quarantines are lost"),
            (run.LongestGap <= MostGapSeconds, $"a client waited {run.LongestGap:0.0} s"),
            (run.BundleChanges == 0, $"the bundle changed {run.BundleChanges} times"),
            (run.LogFindings.Count == 0, $"the log is not whole: {LogAudit.First(run.LogFindings)}"),
            (control.Failures > 0, "clients of a version that cannot read what is stored went unharmed: the drill cannot fail"),
            (control.AdminFailures > 0, "operators of a version that cannot read what is stored went unharmed: the drill cannot fail"),
            (control.Told, "no silo said that it cannot read what is stored"),
            (control.Ready == 0, $"{control.Ready} silos of a version that cannot read what is stored became ready"));
    }

    private static string? First(IReadOnlyList<string> failures) => failures.Count == 0 ? null : failures[0];
}
