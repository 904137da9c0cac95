using System.Collections.Concurrent;
using MeshGrains.Identity;
using MeshGrains.Storage.Tests;

namespace MeshGrains.Grains.Tests;

/// <summary>Two activations of one grain over real blobs: at once, one of them late, and with replies that are lost.</summary>
public sealed class BlobActivationTests(BlobHosts hosts) : IClassFixture<BlobHosts>
{
    private GrainWorld World => hosts.World;

    private string Name => World.TrustDomain.Name;

    [SkippableFact]
    public async Task Two_activations_that_make_a_trust_domain_at_once_make_one_root_and_one_key()
    {
        for (var round = 0; round < 5; round++)
        {
            await hosts.FreshAsync();
            var views = await Task.WhenAll(Enumerable.Range(0, 4).Select(i =>
                TwoHosts.UntilDoneAsync(() => hosts.TrustDomain(i).EnsureAsync(World.Ensure($"ensure-{i}")))));

            Assert.Single(views.Select(view => Assert.Single(view.Authorities).AuthorityId).Distinct());
            Assert.Single(World.Keys.Made, key => key.Name.StartsWith($"meshgrains-root-{Name.Replace('.', '-')}-", StringComparison.Ordinal));
            Assert.Single(await RecordsAsync(IssuanceRecordKind.RootAuthority));
        }
    }

    [SkippableFact]
    public async Task Two_activations_that_certify_at_once_lose_no_CA_and_sign_once_for_each()
    {
        await FreshAsync();
        var before = World.Keys.Signatures;
        var certified = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
        {
            var request = World.Request($"op-{i}", silo: $"silo-{i}");
            return TwoHosts.UntilDoneAsync(() => hosts.ClusterCa(i).RequestAsync(request));
        }));

        var stored = (await hosts.StoredAsync<ClusterCaState>("cluster-ca", World.TrustDomain.ClusterKey)).IssuingCas;
        Assert.Equal(certified.Select(ca => ca.AuthorityId).Order(), stored.Select(ca => ca.AuthorityId!).Order());
        Assert.All(stored, ca => Assert.Equal(IssuingCaState.Active, ca.State));
        Assert.Equal(8, (await RecordsAsync(IssuanceRecordKind.IssuingCa)).Count);
        Assert.Equal(8, certified.Select(ca => ParsedCertificate.Read(ca.CertificateDer).SerialHex).Distinct().Count());

        // Two activations may sign one intent each, the same bytes: the certificate stays one.
        Assert.InRange(World.Keys.Signatures - before, 8, 16);
    }

    [SkippableFact]
    public async Task Denials_through_both_activations_get_numbers_of_their_own_and_every_one_stands()
    {
        await FreshAsync();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => TwoHosts.UntilDoneAsync(() => hosts.Denials(i).AddAsync(Quarantine($"{i}")))));

        var stored = (await hosts.StoredDenialsAsync()).Denials;
        Assert.Equal(12, stored.Select(denial => denial.Number).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"spiffe://{Name}/{i}").Order(), stored.Select(denial => denial.Subject).Order());
    }

    [SkippableFact]
    public async Task A_trust_domains_write_that_arrives_late_loses_and_takes_nothing_back()
    {
        await FreshAsync();
        await hosts.TrustDomain(1).GetAsync();
        var request = World.Request("op-1");
        using var late = Hold(1, "trust-domain");
        var refused = Assert.ThrowsAsync<GrainOperationException>(() => hosts.ClusterCa(1).RequestAsync(request));
        await late.Reached;
        await hosts.TrustDomain(0).EnsureAsync(World.Ensure("later") with { RefreshHintSeconds = 61 });
        late.Release();

        Assert.Equal("state_conflict", (await refused).Reason);
        await TwoHosts.UntilDoneAsync(() => hosts.ClusterCa(1).RequestAsync(request));
        var stored = await hosts.StoredAsync<TrustDomainState>("trust-domain", Name);
        Assert.Equal((61, 2L), (stored.RefreshHintSeconds, stored.BundleNumber));
        Assert.Single(stored.Intents);
        World.Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(2, await hosts.TrustDomain(1).BundleNumberAsync());
        Assert.Equal(61, (await hosts.TrustDomain(1).GetAsync()).RefreshHintSeconds);
    }

    [SkippableFact]
    public async Task A_cluster_CAs_write_that_arrives_late_loses_and_takes_nothing_back()
    {
        await FreshAsync();
        await hosts.ClusterCa(1).ListAsync();
        var request = World.Request("op-1", silo: "silo-1");
        using var late = Hold(1, "cluster-ca");
        var refused = Assert.ThrowsAsync<GrainOperationException>(() => hosts.ClusterCa(1).RequestAsync(request));
        await late.Reached;
        var first = await TwoHosts.UntilDoneAsync(() => hosts.ClusterCa(0).RequestAsync(World.Request("op-2", silo: "silo-2")));
        late.Release();

        Assert.Equal("state_conflict", (await refused).Reason);
        var second = await TwoHosts.UntilDoneAsync(() => hosts.ClusterCa(1).RequestAsync(request));
        var stored = await hosts.StoredAsync<ClusterCaState>("cluster-ca", World.TrustDomain.ClusterKey);
        Assert.Equal(new[] { first.AuthorityId, second.AuthorityId }.Order(), stored.IssuingCas.Select(ca => ca.AuthorityId!).Order());
    }

    [SkippableFact]
    public async Task A_denial_that_is_written_late_gets_a_later_number_and_both_stand()
    {
        await FreshAsync();
        await hosts.Denials(1).ReadAsync();
        using var late = Hold(1, "denials");
        var slow = hosts.Denials(1).AddAsync(Quarantine("slow"));
        await late.Reached;
        var fast = await hosts.Denials(0).AddAsync(Quarantine("fast"));
        late.Release();

        Assert.True((await slow).Number > fast.Number);
        Assert.Equal(["fast", "slow"], (await hosts.StoredDenialsAsync()).Denials.Select(denial => denial.Subject.Split('/')[^1]));
    }

    [SkippableTheory]
    [InlineData("trust-domain")]
    [InlineData("cluster-ca")]
    public async Task A_write_whose_reply_was_lost_is_known_as_ours_and_costs_no_second_signature(string grain)
    {
        await FreshAsync();
        var before = World.Keys.Signatures;
        var lost = LoseReplies(0, grain);
        var certified = await hosts.ClusterCa(0).RequestAsync(World.Request("op-1"));

        Assert.Equal(2, lost.Count);
        Assert.Equal(1, World.Keys.Signatures - before);
        var stored = Assert.Single((await hosts.StoredAsync<ClusterCaState>("cluster-ca", World.TrustDomain.ClusterKey)).IssuingCas);
        Assert.Equal((certified.AuthorityId, IssuingCaState.Active), (stored.AuthorityId, stored.State));
        Assert.Single((await hosts.StoredAsync<TrustDomainState>("trust-domain", Name)).Intents);
        Assert.Single(await RecordsAsync(IssuanceRecordKind.IssuingCa));
    }

    [SkippableFact]
    public async Task A_denial_whose_reply_was_lost_stands_once_under_the_number_that_the_receipt_tells()
    {
        await FreshAsync();
        var lost = LoseReplies(0, "denials");
        var receipt = await hosts.Denials(0).AddAsync(Quarantine("a"));

        Assert.Single(lost);
        Assert.Equal(receipt.Number, Assert.Single((await hosts.StoredDenialsAsync()).Denials).Number);
        Assert.Equal(receipt.Number, (await hosts.StoredDenialsAsync()).Number);
        Assert.Equal(receipt.Number, await hosts.Log.ReadAnchorAsync(Name, LogAnchor.Denials, CancellationToken.None));
    }

    /// <summary>A deployment with a root.</summary>
    private async Task FreshAsync()
    {
        await hosts.FreshAsync();
        await TwoHosts.UntilDoneAsync(() => hosts.TrustDomain(0).EnsureAsync(World.Ensure()));
    }

    private Denial Quarantine(string path) => new(DenialKind.QuarantinedIdentity, $"spiffe://{Name}/{path}", 0, "test", "operator", default, $"op-{path}");

    /// <summary>Holds the silo's next write to that grain's record, before the store has it.</summary>
    private HeldRequest Hold(int host, string grain)
    {
        var held = new HeldRequest();
        var left = 1;
        hosts.Faults(host).Before = (kind, path) => IsWrite(kind, path, grain) && Interlocked.Decrement(ref left) == 0 ? held.WaitAsync() : Task.CompletedTask;
        return held;
    }

    /// <summary>Loses the reply to every write of that grain's record that the store carries out; a repeated one is let through, and refused.</summary>
    private ConcurrentBag<string> LoseReplies(int host, string grain)
    {
        var lost = new ConcurrentBag<string>();
        var repeated = false;
        hosts.Faults(host).Choose = (kind, path) =>
        {
            if (!IsWrite(kind, path, grain))
            {
                repeated = false;
                return StoreFault.None;
            }

            if (repeated)
            {
                return StoreFault.None;
            }

            repeated = true;
            lost.Add(path);
            return StoreFault.LoseReply;
        };
        return lost;
    }

    private static bool IsWrite(string kind, string path, string grain) =>
        kind == "put" && !path.Contains("-log/", StringComparison.Ordinal) && path.Contains(grain, StringComparison.Ordinal);

    private async Task<List<IssuanceRecord>> RecordsAsync(IssuanceRecordKind kind) =>
        [.. (await hosts.Log.ListAsync(Name, null, 100, CancellationToken.None)).Select(found => found.Record).Where(record => record.Kind == kind)];
}
