namespace MeshGrains.Bench;

/// <summary>
/// Three silos under issuing load while their stores and links fail: Redis restarted, a silo's links cut, the log store holding back, Redis flushed, rolled back, all membership rows
/// marked dead. What is issued stays recorded, no key is made twice, and everything comes back without a hand. The control: a log that answers early has to be seen.
/// </summary>
internal static class StoreFaultsDrill
{
    public const string Name = "store-faults";

    /// <summary>The root's signing key and the key that wraps the record key.</summary>
    private const int KeysOfTrustDomain = 2;

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        if (ClusterNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped($"drill {Name}", missing, options.Json);
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        await using var run = await StoreFaults.StartAsync(scratch, options.Server, cancellationToken);
        await run.RedisRestartedAsync();
        await run.LinksCutAsync();
        await run.LogHeldBackAsync();
        await run.RedisFlushedAsync();
        await run.RedisRolledBackAsync();
        await run.AllMarkedDeadAsync();
        await run.EndLoadAsync();
        var audit = await LogAudit.RunAsync(run.Cluster, [.. run.Received.Select(one => one.Serial)], cancellationToken);
        var findings = await run.VerifyLogAsync();
        var keys = (await run.Cluster.Vault!.CallsAsync(cancellationToken)).Keys;
        var control = await run.ControlAsync();

        var figures = new FigureSet();
        figures.Set("host", MeshTree.Host);
        figures.Set("clients", (long)ClientRules.Issue.Clients, "through the gateway, without pause");
        figures.Set("issued", (long)run.Received.Length);
        figures.Set("unrecorded", (long)audit.Unrecorded, "has to be 0");
        figures.Set("duplicate_serials", (long)audit.DuplicateSerials, "has to be 0");
        figures.Set("duplicate_kms_keys", (long)(keys - KeysOfTrustDomain), $"{keys} made, {KeysOfTrustDomain} wanted; has to be 0");
        figures.Set("log_findings", (long)findings.Count, LogAudit.First(findings));
        figures.Set("left_while_log_held", (long)run.LeftWhileLogHeld, "certificates that came while the log store answered nothing; has to be 0");
        figures.Set("asked_while_log_held", (long)run.AskedWhileLogHeld, "attempts meanwhile");
        figures.Set("live_handshakes", (long)run.LiveHandshakes.Done, "between workloads with SVIDs from before, in all phases");
        figures.Set("live_handshakes_failed", (long)run.LiveHandshakes.Failed, run.LiveHandshakes.FirstFailure ?? "has to be 0");
        figures.Set("longest_gap_s", run.Phases.Max(phase => phase.LongestGap), 2, "in all phases");
        foreach (var phase in run.Phases)
        {
            figures.Set($"{phase.Name}_longest_gap_s", phase.LongestGap, 2, $"{phase.Issued} issued, {phase.Failures} clients' failures, {phase.Restarts} silos started again");
            figures.Set($"{phase.Name}_failures", (long)phase.Failures);
            figures.Set($"{phase.Name}_recovery_s", phase.Recovery, 1, "until all clients are served and all silos ready, without a hand");
        }

        figures.Set("control_early_log_left", (long)control, "with a log that answers early, certificates come while the store does not answer: more than 0");
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (run.Received.Length > 0, "nothing was issued"),
            (audit.Unrecorded == 0, $"{audit.Unrecorded} certificates are not in the log"),
            (audit.DuplicateSerials == 0, $"{audit.DuplicateSerials} serials were used twice"),
            (keys == KeysOfTrustDomain, $"{keys} keys were made in the KMS"),
            (findings.Count == 0, $"the log is not whole: {LogAudit.First(findings)}"),
            (run.LeftWhileLogHeld == 0, $"{run.LeftWhileLogHeld} certificates came while the log store did not answer"),
            (run.AskedWhileLogHeld > 0, "nobody asked while the log store did not answer"),
            (run.LiveHandshakes.Failed == 0, $"{run.LiveHandshakes.Failed} handshakes failed: {run.LiveHandshakes.FirstFailure}"),
            (run.LiveHandshakes.Done > 0, "no handshake was tried"),
            (run.FailuresOf(StoreFaults.RedisRestarted) == 0, $"clients failed while Redis was away: {run.FirstFailure}"),
            (run.FailuresOf(StoreFaults.LinksCut) == 0, $"clients failed while one silo's links were cut: {run.FirstFailure}"),
            (control > 0, "a log that answers early went unseen: the drill cannot fail"));
    }
}
