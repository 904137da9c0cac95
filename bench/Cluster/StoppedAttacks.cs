namespace MeshGrains.Bench;

/// <summary>Attacks while all silos are stopped. Then one is started: accepted when it becomes ready over what was planted, or serves whom it must not.</summary>
internal sealed class StoppedAttacks(DrillCluster cluster, TamperTarget target, CancellationToken cancellationToken)
    : AttackSeries(cluster, target, cancellationToken)
{
    private const string TrustDomainState = "state-trust-domain";
    private const string ClusterCaState = "state-cluster-ca";
    private const string Denials = "denials/";
    private const string RecordKey = "keys/record-key";
    private const int Denied = 4000;
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>A start with nothing wrong takes a third of this.</summary>
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(25);

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

    private async Task OfflineLogAsync()
    {
        foreach (var silo in Cluster.Mesh.Silos.Reverse())
        {
            await silo.Process.StopAsync(Drain);
        }

        var segment = (await Blobs.ReadAllAsync(TamperTarget.Log, Cancellation)).Where(blob => blob.Type == StoredBlob.Append).MaxBy(blob => blob.Content.Length)!;
        foreach (var (name, planted) in new[] { ("edited", Tampering.Edited(segment.Content)), ("truncated", Tampering.Truncated(segment.Content)), ("deleted", null) })
        {
            await (planted is null ? Blobs.DeleteAsync(segment.Container, segment.Name, Cancellation) : Blobs.WriteAsync(segment.With(planted), Cancellation));
            await First.Process.StartAsync(Cancellation);
            Attacked(await FoundByTheWalkAsync($"log segment {name} while silos are stopped"));
            await First.Process.StopAsync(Drain);
            await Blobs.WriteAsync(segment, Cancellation);
        }

        foreach (var silo in Cluster.Mesh.Silos)
        {
            await silo.Process.StartAsync(Cancellation);
        }

        await Cluster.UntilAllReadyAsync(Patience, Cancellation);
    }

    /// <summary>A silo that does not become ready over it has refused it as well.</summary>
    private async Task<TamperAttack> FoundByTheWalkAsync(string name)
    {
        var readiness = await UntilReadyAsync();
        if (!readiness.IsReady)
        {
            return new TamperAttack(name, false, $"not ready: {readiness.Why}");
        }

        try
        {
            using var admin = DrillCluster.AdminOf(First);
            var findings = await admin.VerifyLogAsync(Cancellation);
            return new TamperAttack(name, findings.Count == 0, findings.Count == 0 ? "the walk over the log finds nothing wrong" : $"named: {findings[0]}");
        }
        catch (HttpRequestException failure)
        {
            return new TamperAttack(name, false, failure.Message);
        }
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
        var readiness = await UntilReadyAsync();
        var outcome = readiness.IsReady ? "the silo became ready" : $"not ready: {readiness.Why}";
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

    private async Task<Readiness> UntilReadyAsync()
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var readiness = Readiness.Not("it was not asked");
        while (clock.Elapsed < Watch && First.Process.State != SupervisedState.Failed)
        {
            var now = await First.ReadinessAsync(Cancellation);
            if (now.IsReady)
            {
                return now;
            }

            // While it is starting again there is nothing to learn: what it said before counts.
            readiness = First.Endpoints is null && readiness.Why.Length > 0 && First.Process.LastEnd is { } end ? Readiness.Not($"{readiness.Why}; {end}") : now;
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
