namespace MeshGrains.Bench;

/// <summary>Attacks while all silos are stopped. Then one is started: accepted when it becomes ready over what was planted, or serves whom it must not.</summary>
internal sealed class StoppedAttacks(DrillCluster cluster, TamperTarget target, CancellationToken cancellationToken)
    : AttackSeries(cluster, target, cancellationToken)
{
    private const string TrustDomainState = "state-trust-domain";
    private const string ClusterCaState = "state-cluster-ca";
    private const string Denials = "denials/";
    private const string RecordKey = "keys/record-key";
    private const string Logs = "log/";
    private const string Summaries = "index/";
    private const string Serials = "serials/";
    private const int Denied = 4000;
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>A start with nothing wrong takes a third of this.</summary>
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(25);

    /// <summary>A silo that has refused a record for so long has tried it again several times.</summary>
    private static readonly TimeSpan Refusing = TimeSpan.FromSeconds(3);
    private static readonly string[] Refused = ["A stored record is refused", "RecordTamperedException"];

    private ClusterMember First => Cluster.Mesh.Silo(1);

    public async Task RunAsync()
    {
        var denialsBefore = await Target.OneAsync(Denials, Cancellation);
        using (var admin = await Cluster.AdminAsync(Cancellation))
        {
            await admin.QuarantineAsync($"spiffe://{SiloSetup.TrustDomain}/ns/load/sa/account-{Denied}", Cancellation);
        }

        var (entry, entryBefore) = await EntryAsync(admin => admin.CreateEntryAsync($"spiffe://{SiloSetup.TrustDomain}/tamper/offline", Cancellation));
        await DeleteEntryAsync(entry);
        foreach (var silo in Cluster.Mesh.Silos.Reverse())
        {
            await silo.Process.StopAsync(Drain);
        }

        var trustDomain = await Target.OneAsync(TrustDomainState, Cancellation);
        var clusterCa = await Target.OneAsync(ClusterCaState, Cancellation);
        var denials = await Target.OneAsync(Denials, Cancellation);
        var recordKey = await Target.OneAsync(RecordKey, Cancellation);
        await StartAsync("nothing touched", [], asControl: true);
        await StartAsync("trust domain's record edited", [trustDomain.With(Tampering.Edited(trustDomain.Content))]);
        await StartAsync("trust domain's record truncated", [trustDomain.With(Tampering.Truncated(trustDomain.Content))]);
        await StartAsync("trust domain's record replaced by the cluster CA's", [trustDomain.With(clusterCa.Content)]);
        await StartAsync("trust domain's record deleted", [], [trustDomain]);
        if (Target.Earlier(trustDomain.Name) is { Count: > 1 } earlier)
        {
            await StartAsync("trust domain's record put back to its first content, before its bundle", [earlier[0]]);
        }

        await StartAsync("cluster CA's record edited", [clusterCa.With(Tampering.Edited(clusterCa.Content))]);
        await StartAsync("denial set put back to an older one", [denialsBefore]);
        await StartAsync("denial set edited", [denials.With(Tampering.Edited(denials.Content))]);
        await StartAsync("denial set deleted", [], [denials]);
        await StartAsync("wrapped record key edited", [recordKey.With(Tampering.Edited(recordKey.Content))]);
        await StartAsync("wrapped record key deleted", [], [recordKey]);

        // Registrations have no anchor outside of their store: an older valid content, put back while no silo remembers the newer one, is believed.
        await StartAsync("entry's blob put back offline to an older valid content (the entry had been deleted since)", [entryBefore], asKnownGap: entry);
        foreach (var silo in Cluster.Mesh.Silos)
        {
            await silo.Process.StartAsync(Cancellation);
        }

        await Cluster.UntilAllReadyAsync(Patience, Cancellation);
        await OfflineLogAsync();
        var call = await AskAsync(Cluster.Tokens.Token(Denied + 1));
        Untouched(new TamperAttack("issuance after all of it was put right", call.Status == CallOutcome.Ok, Said(call)));
    }

    /// <summary>Several shards at once, one for each attack: the walk has to name each.</summary>
    private async Task OfflineLogAsync()
    {
        foreach (var silo in Cluster.Mesh.Silos.Reverse())
        {
            await silo.Process.StopAsync(Drain);
        }

        // Those that have ended have a summary: a silo that stops ends its shard.
        var summaries = (await Blobs.ReadAllAsync(TamperTarget.Log, Cancellation)).Where(blob => blob.Name.StartsWith(Summaries, StringComparison.Ordinal)).ToArray();
        var segments = new List<StoredBlob>();
        foreach (var summary in summaries.OrderByDescending(summary => summary.Content.Length).Take(4))
        {
            segments.Add((await Blobs.ReadAsync(TamperTarget.Log, Logs + summary.Name[Summaries.Length..], Cancellation))!);
        }

        var path = segments[3].Name[Logs.Length..];
        List<StoredBlob> gone = [summaries.Single(summary => summary.Name == Summaries + path)];
        if (await Blobs.ReadAsync(TamperTarget.Log, Serials + path, Cancellation) is { } serials)
        {
            gone.Add(serials);
        }

        await Blobs.WriteAsync(segments[0].With(Tampering.Edited(segments[0].Content)), Cancellation);
        await Blobs.WriteAsync(segments[1].With(Tampering.Truncated(segments[1].Content)), Cancellation);
        await Blobs.DeleteAsync(segments[2].Container, segments[2].Name, Cancellation);
        await Blobs.DeleteAsync(segments[3].Container, segments[3].Name, Cancellation);
        foreach (var blob in gone)
        {
            await Blobs.DeleteAsync(blob.Container, blob.Name, Cancellation);
        }

        await First.Process.StartAsync(Cancellation);
        var findings = await FindingsAsync();
        Attacked(Named("log segment edited while silos are stopped", segments[0], findings));
        Attacked(Named("log segment truncated while silos are stopped", segments[1], findings));
        Attacked(Named("log segment deleted while silos are stopped", segments[2], findings));

        // The log's shards are not counted anywhere outside of it: one that is taken away whole, while no silo remembers it, is not missed.
        KnownGap(Named("a log shard deleted whole, segment, summary and serials, while silos are stopped", segments[3], findings));
        await First.Process.StopAsync(Drain);
        foreach (var blob in segments.Concat(gone))
        {
            await Blobs.WriteAsync(blob, Cancellation);
        }

        foreach (var silo in Cluster.Mesh.Silos)
        {
            await silo.Process.StartAsync(Cancellation);
        }

        await Cluster.UntilAllReadyAsync(Patience, Cancellation);
    }

    private static TamperAttack Named(string name, StoredBlob segment, IReadOnlyList<string> findings)
        => findings.FirstOrDefault(finding => finding.Contains(segment.Name, StringComparison.Ordinal)) is { } named
            ? new TamperAttack(name, false, $"named: {named}")
            : new TamperAttack(name, true, "the walk over the log does not name it");

    private async Task<IReadOnlyList<string>> FindingsAsync()
    {
        await First.UntilReadyAsync(Patience, Cancellation);
        using var admin = DrillCluster.AdminOf(First);
        return await admin.VerifyLogAsync(Cancellation);
    }

    private async Task StartAsync(string what, StoredBlob[] planted, StoredBlob[]? deleted = null, bool asControl = false, string? asKnownGap = null)
    {
        var before = new List<StoredBlob>();
        foreach (var blob in planted.Concat(deleted ?? []))
        {
            before.Add((await Blobs.ReadAsync(blob.Container, blob.Name, Cancellation))!);
        }

        foreach (var blob in planted)
        {
            await Blobs.WriteAsync(blob, Cancellation);
        }

        foreach (var blob in deleted ?? [])
        {
            await Blobs.DeleteAsync(blob.Container, blob.Name, Cancellation);
        }

        await First.Process.StartAsync(Cancellation);
        var readiness = await UntilReadyAsync(asControl ? Patience : Watch);
        var outcome = readiness.IsReady ? "the silo became ready" : $"not ready: {readiness.Why.Split('\n')[0].Trim()}";
        var name = $"{what}, while silos are stopped";
        if (asKnownGap is not null)
        {
            using var admin = DrillCluster.AdminOf(First);
            var shown = readiness.IsReady && await admin.ShowsEntryAsync(asKnownGap, Cancellation);
            KnownGap(new TamperAttack(name, shown, shown ? "the deleted entry is there again" : outcome));
        }
        else if (asControl)
        {
            Untouched(new TamperAttack(name, readiness.IsReady, outcome));
        }
        else
        {
            Attacked(new TamperAttack(name, readiness.IsReady, outcome));
        }

        await First.Process.StopAsync(Drain);
        foreach (var blob in before)
        {
            await Blobs.WriteAsync(blob, Cancellation);
        }
    }

    /// <summary>Ends as soon as it is ready; or has been refusing a record, in its own words, for a while; or when the time is up.</summary>
    private async Task<Readiness> UntilReadyAsync(TimeSpan patience)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var readiness = Readiness.Not("it was not asked");
        TimeSpan? refusing = null;
        while (clock.Elapsed < patience && First.Process.State != SupervisedState.Failed)
        {
            var now = await First.ReadinessAsync(Cancellation);
            if (now.IsReady)
            {
                return now;
            }

            // While it is starting again there is nothing to learn: what it said before counts.
            readiness = First.Endpoints is null && readiness.Why.Length > 0 && First.Process.LastEnd is { } end ? Readiness.Not($"{readiness.Why}; {end}") : now;
            refusing = Refused.Any(word => now.Why.Contains(word, StringComparison.Ordinal)) ? refusing ?? clock.Elapsed : null;
            if (clock.Elapsed - refusing > Refusing)
            {
                break;
            }

            await Task.Delay(250, Cancellation);
        }

        return readiness;
    }

    private async Task DeleteEntryAsync(string entry)
    {
        using var admin = await Cluster.AdminAsync(Cancellation);
        await admin.DeleteEntryAsync(entry, Cancellation);
    }
}
