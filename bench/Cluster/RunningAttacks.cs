using System.Net;
using System.Net.Http;

namespace MeshGrains.Bench;

/// <summary>Attacks while the silos run.</summary>
internal sealed class RunningAttacks(DrillCluster cluster, TamperTarget target, CancellationToken cancellationToken)
    : AttackSeries(cluster, target, cancellationToken)
{
    private int _account = 2000;

    public async Task RunAsync()
    {
        await EntriesAsync();
        await TemplatesAsync();
        await JoinTokensAsync();
        await DenialsAsync();
        await new LogAttacks(Cluster, Target, Cancellation).RunAsync(" while silos run", Attacked, Untouched);
        await RedisRowsAsync();
    }

    private async Task EntriesAsync()
    {
        var untouched = await NewEntryAsync();
        var served = await AskAsync(Cluster.Tokens.Token(untouched.Account));
        Untouched(new TamperAttack("entry untouched", SvidIdentity.Of(served.Reply) == Identity(untouched.Account), Said(served)));
        await EntryAttackAsync("entry edited while silos run", blob => blob.With(Tampering.Edited(blob.Content)));
        await EntryAttackAsync("entry truncated while silos run", blob => blob.With(Tampering.Truncated(blob.Content)));
        await EntryAttackAsync("entry replaced by another one's record while silos run", blob => blob.With(untouched.Blob.Content));

        var deleted = await NewEntryAsync();
        await Blobs.DeleteAsync(TamperTarget.State, deleted.Blob.Name, Cancellation);
        Attacked(await EntryServesAsync("entry deleted while silos run", deleted.Entry, deleted.Account, isGone: true));
        await Blobs.WriteAsync(deleted.Blob, Cancellation);

        // All that registrations had then is put back, what finds the record included.
        var removed = await NewEntryAsync();
        var before = (await Blobs.ReadAllAsync(TamperTarget.State, Cancellation)).Where(blob => blob.Name.StartsWith("registrations/", StringComparison.Ordinal)).ToArray();
        using (var admin = await Cluster.AdminAsync(Cancellation))
        {
            await admin.DeleteEntryAsync(removed.Entry, Cancellation);
        }

        foreach (var old in before)
        {
            if (await Blobs.ReadAsync(old.Container, old.Name, Cancellation) is not { } now || !now.Content.AsSpan().SequenceEqual(old.Content))
            {
                await Blobs.WriteAsync(old, Cancellation);
            }
        }

        foreach (var silo in Cluster.Mesh.Silos)
        {
            var call = await AskAsync(DrillCluster.Target(silo), Cluster.Tokens.Token(removed.Account));
            var got = SvidIdentity.Of(call.Reply);
            Attacked(new TamperAttack(
                $"deleted entry's record put back while silos run, a certificate asked of {silo.Name}", got == Identity(removed.Account), got is null ? Said(call) : $"a certificate for {got}"));
        }

        // Who has seen the later version refuses the older one. Registrations have no anchor outside of their store, so others cannot know.
        KnownGap(await EntryServesAsync("deleted entry's record put back while silos run, as silos that did not see the deletion show it", removed.Entry, removed.Account, isGone: true));
    }

    private async Task EntryAttackAsync(string name, Func<StoredBlob, StoredBlob> attack)
    {
        var (entry, account, blob) = await NewEntryAsync();
        await Blobs.WriteAsync(attack(blob), Cancellation);
        Attacked(await EntryServesAsync(name, entry, account));
        await Blobs.WriteAsync(blob, Cancellation);
    }

    private async Task<(string Entry, int Account, StoredBlob Blob)> NewEntryAsync()
    {
        var account = _account++;
        var (entry, blob) = await EntryAsync(admin => admin.CreateEntryAsync(
            Identity(account), SiloSetup.Source, ["k8s:ns:load", $"k8s:sa:account-{account}"], Cancellation));
        return (entry, account, blob);
    }

    private static string Identity(int account) => $"spiffe://{SiloSetup.TrustDomain}/tamper/w-{account}";

    /// <summary>
    /// Accepted when any silo shows the entry, or its workload gets a certificate with the entry's identity, or with any while the entry's record is there and is not to be trusted.
    /// Where the record is gone, the workload is one without an entry, whom the template serves under another name.
    /// </summary>
    private async Task<TamperAttack> EntryServesAsync(string name, string entry, int account, bool isGone = false)
    {
        foreach (var silo in Cluster.Mesh.Silos)
        {
            using var admin = DrillCluster.AdminOf(silo);
            if (await admin.ShowsEntryAsync(entry, Cancellation))
            {
                return new TamperAttack(name, true, $"{silo.Name} shows it");
            }
        }

        var call = await AskAsync(Cluster.Tokens.Token(account));
        var got = SvidIdentity.Of(call.Reply);
        return new TamperAttack(name, got is not null && (!isGone || got == Identity(account)), got is null ? Said(call) : $"a certificate for {got}");
    }

    private async Task TemplatesAsync()
    {
        Untouched(await TemplateServesAsync("template untouched"));
        var blob = await Target.OneAsync("registrations/templates/", Cancellation);
        await Blobs.WriteAsync(blob.With(Tampering.Edited(blob.Content)), Cancellation);
        Attacked(await TemplateServesAsync("templates edited while silos run"));
        await Blobs.WriteAsync(blob.With(Tampering.Truncated(blob.Content)), Cancellation);
        Attacked(await TemplateServesAsync("templates truncated while silos run"));
        await Blobs.WriteAsync(blob, Cancellation);
        if (Target.Earlier(blob.Name) is { Count: > 1 } earlier)
        {
            await Blobs.WriteAsync(earlier[0], Cancellation);
            Attacked(await TemplateServesAsync("templates rolled back while silos run"));
            await Blobs.WriteAsync(blob, Cancellation);
        }
    }

    private async Task<TamperAttack> TemplateServesAsync(string name)
    {
        var call = await AskAsync(Cluster.Tokens.Token(_account++));
        return new TamperAttack(name, call.Status == CallOutcome.Ok, Said(call));
    }

    private async Task JoinTokensAsync()
    {
        var identity = $"spiffe://{SiloSetup.TrustDomain}/tamper/join";
        using var admin = await Cluster.AdminAsync(Cancellation);
        var entry = await admin.CreateEntryAsync(identity, Cancellation);
        var (token, blob) = await TokenAsync(admin, entry);
        var first = await AskAsync(token);
        Untouched(new TamperAttack("join token untouched, used once", first.Status == CallOutcome.Ok, Said(first)));
        await Blobs.WriteAsync(blob, Cancellation);
        foreach (var silo in Cluster.Mesh.Silos)
        {
            var again = await AskAsync(DrillCluster.Target(silo), token);
            Attacked(new TamperAttack($"consumed join token put back, asked of {silo.Name}", again.Status == CallOutcome.Ok, Said(again)));
        }

        var (edited, editedBlob) = await TokenAsync(admin, entry);
        await Blobs.WriteAsync(editedBlob.With(Tampering.Edited(editedBlob.Content)), Cancellation);
        var call = await AskAsync(edited);
        Attacked(new TamperAttack("join token edited while silos run", call.Status == CallOutcome.Ok, Said(call)));
        await Blobs.WriteAsync(editedBlob, Cancellation);
    }

    private async Task<(string Token, StoredBlob Blob)> TokenAsync(AdminClient admin, string entry)
    {
        const string folder = "tokens/by-hash/";
        var before = await Blobs.ListAsync(TamperTarget.State, Cancellation);
        var token = await admin.CreateTokenAsync(entry, Cancellation);
        var name = (await Blobs.ListAsync(TamperTarget.State, Cancellation)).Except(before, StringComparer.Ordinal).Single(name => name.StartsWith(folder, StringComparison.Ordinal));
        return (token, (await Blobs.ReadAsync(TamperTarget.State, name, Cancellation))!);
    }

    private async Task DenialsAsync()
    {
        var before = await Target.OneAsync("denials/", Cancellation);
        var account = _account++;
        using var admin = await Cluster.AdminAsync(Cancellation);
        await admin.QuarantineAsync($"spiffe://{SiloSetup.TrustDomain}/ns/load/sa/account-{account}", Cancellation);
        var blob = await Target.OneAsync("denials/", Cancellation);
        await DenialAttackAsync("denials rolled back while silos run", blob, before.Content, account);
        await DenialAttackAsync("denials edited while silos run", blob, Tampering.Edited(blob.Content), account);
        await DenialAttackAsync("denials truncated while silos run", blob, Tampering.Truncated(blob.Content), account);
        var free = await AskAsync(Cluster.Tokens.Token(_account++));
        Untouched(new TamperAttack("an identity that is not denied, afterwards", free.Status == CallOutcome.Ok, Said(free)));
    }

    /// <summary>Accepted when the denied identity gets a certificate, or a new denial is written over what was planted.</summary>
    private async Task DenialAttackAsync(string name, StoredBlob blob, byte[] planted, int account)
    {
        await Blobs.WriteAsync(blob.With(planted), Cancellation);
        var calls = await Task.WhenAll(Cluster.Mesh.Silos.Select(silo => AskAsync(DrillCluster.Target(silo), Cluster.Tokens.Token(account))));
        var outcome = Said(calls[0]);
        var accepted = calls.Any(call => call.Status == CallOutcome.Ok);
        try
        {
            using var admin = await Cluster.AdminAsync(Cancellation);
            await admin.QuarantineAsync($"spiffe://{SiloSetup.TrustDomain}/ns/load/sa/account-{_account++}", Cancellation);
            (accepted, outcome) = (true, "a new denial was written on top of it");
        }
        catch (HttpRequestException failure)
        {
            outcome += $"; a new denial: {failure.Message}";
        }

        Attacked(new TamperAttack(name, accepted, outcome));
        await Blobs.WriteAsync(blob, Cancellation);
        await Cluster.UntilAllReadyAsync(TimeSpan.FromSeconds(60), Cancellation);
    }

    /// <summary>A row of a silo that nobody started leads silos to an attacker's address; accepted when one of them greets him.</summary>
    private async Task RedisRowsAsync()
    {
        using var attacker = new FalseSilo();
        await using var redis = await RespClient.ConnectAsync(Cluster.Mesh.Stores.Redis, Cancellation);
        var table = (await redis.KeysAsync(MembershipRows.KeyPattern, Cancellation)).Single();
        var rows = await redis.HashAsync(table, Cancellation);
        var (name, row) = MembershipRows.FalseSilo(rows, attacker.Port);
        await redis.AskAsync(Cancellation, "HSET", table, name, row, MembershipRows.VersionField, MembershipRows.NextVersion(rows));
        await attacker.UntilDialledAsync(TimeSpan.FromSeconds(45), Cancellation);
        Attacked(new TamperAttack(
            "membership row of a false silo in Redis", attacker.Greeted > 0,
            attacker.Dialled == 0 ? "no silo dialled it" : $"{attacker.Dialled} connections of silos, {attacker.Greeted} of which finished a handshake with it"));
        await redis.AskAsync(Cancellation, "HDEL", table, name);
        await Settle.UntilQuietAsync(Cluster, Cancellation);
        var call = await AskAsync(Cluster.Tokens.Token(_account++));
        Untouched(new TamperAttack("issuance after the false row was taken away", call.Status == CallOutcome.Ok, Said(call)));
    }
}
