using MeshGrains.Identity;
using Orleans;

namespace MeshGrains.Grains.Tests;

public sealed class DuplicateActivationTests : IClassFixture<TwoHosts>
{
    private readonly TwoHosts _hosts;

    public DuplicateActivationTests(TwoHosts hosts)
    {
        _hosts = hosts;
        hosts.Fresh();
    }

    private GrainWorld World => _hosts.World;

    private string Name => World.TrustDomain.Name;

    [Fact]
    public async Task Two_activations_that_make_a_trust_domain_at_once_make_one_root_and_one_key()
    {
        for (var round = 0; round < 15; round++)
        {
            _hosts.Fresh();
            var views = await Task.WhenAll(Enumerable.Range(0, 4).Select(i =>
                TwoHosts.UntilDoneAsync(() => _hosts.TrustDomain(i).EnsureAsync(World.Ensure($"ensure-{i}")))));

            Assert.Single(views.Select(view => Assert.Single(view.Authorities).AuthorityId).Distinct());
            Assert.Single(World.Keys.Made, key => key.Name.StartsWith($"meshgrains-root-{Name.Replace('.', '-')}-", StringComparison.Ordinal));
            Assert.Single(World.Log.Records, record => record.TrustDomain == Name && record.Kind == IssuanceRecordKind.RootAuthority);
        }
    }

    [Fact]
    public async Task Two_activations_that_certify_at_once_lose_no_CA_though_replies_are_lost()
    {
        await TwoHosts.UntilDoneAsync(() => _hosts.TrustDomain(0).EnsureAsync(World.Ensure()));
        World.Faults.FailNext("state.write", after: true, times: 3);
        var certified = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
        {
            var request = World.Request($"op-{i}", silo: $"silo-{i}");
            return TwoHosts.UntilDoneAsync(() => _hosts.ClusterCa(i).RequestAsync(request));
        }));

        var stored = World.Storage.Stored<ClusterCaState>($"cluster-ca/{World.TrustDomain.ClusterKey}").IssuingCas;
        Assert.Equal(certified.Select(ca => ca.AuthorityId).Order(), stored.Select(ca => ca.AuthorityId!).Order());
        Assert.All(stored, ca => Assert.Equal(IssuingCaState.Active, ca.State));
        Assert.Equal(8, World.Log.Records.Count(record => record.TrustDomain == Name && record.Kind == IssuanceRecordKind.IssuingCa));
        Assert.Equal(8, certified.Select(ca => ParsedCertificate.Read(ca.CertificateDer).SerialHex).Distinct().Count());
    }

    [Fact]
    public async Task Two_activations_that_make_a_JWT_authority_at_once_publish_one_key_and_record_one_end()
    {
        for (var round = 0; round < 10; round++)
        {
            _hosts.Fresh();
            await TwoHosts.UntilDoneAsync(() => _hosts.TrustDomain(0).EnsureAsync(World.Ensure()));
            var reserved = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => TwoHosts.UntilDoneAsync(
                () => _hosts.Grains(i).GetGrain<IJwtAuthorityGrain>(World.TrustDomain.ClusterKey).ReserveAsync($"op-{i}"))));

            var published = Assert.Single(World.Storage.Stored<TrustDomainState>($"trust-domain/{Name}").JwtAuthorities ?? []);
            Assert.Equal(published.KeyId, Assert.Single(reserved.Select(one => one.KeyId).Distinct()));
            var stored = Assert.Single(World.Storage.Stored<JwtAuthorityState>($"jwt-authority/{World.TrustDomain.ClusterKey}").Authorities);
            Assert.All(reserved, one => Assert.True(one.HighestExpiry <= stored.HighestExpiry));
        }
    }

    [Fact]
    public async Task One_operation_asked_of_both_activations_gets_one_certificate()
    {
        await TwoHosts.UntilDoneAsync(() => _hosts.TrustDomain(0).EnsureAsync(World.Ensure()));
        var request = World.Request("op-1");
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => TwoHosts.UntilDoneAsync(() => _hosts.ClusterCa(i).RequestAsync(request))));

        Assert.Single(answers.Select(answer => answer.AuthorityId).Distinct());
        Assert.Single(answers.Select(answer => ParsedCertificate.Read(answer.CertificateDer).SerialHex).Distinct());
        Assert.Single(World.Log.Records, record => record.TrustDomain == Name && record.Kind == IssuanceRecordKind.IssuingCa);
    }

    [Fact]
    public async Task A_stale_activation_that_writes_late_loses_and_takes_nothing_back()
    {
        await TwoHosts.UntilDoneAsync(() => _hosts.TrustDomain(0).EnsureAsync(World.Ensure()));
        await _hosts.TrustDomain(1).GetAsync();
        await _hosts.TrustDomain(0).EnsureAsync(World.Ensure("later") with { RefreshHintSeconds = 61 });
        var request = World.Request("op-1");

        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => _hosts.ClusterCa(1).RequestAsync(request));
        Assert.Equal("state_conflict", refused.Reason);
        await TwoHosts.UntilDoneAsync(() => _hosts.ClusterCa(1).RequestAsync(request));

        var stored = World.Storage.Stored<TrustDomainState>($"trust-domain/{Name}");
        Assert.Equal((61, 2L), (stored.RefreshHintSeconds, stored.BundleNumber));
        Assert.Single(stored.Intents);
    }

    [Fact]
    public async Task A_newer_bundle_is_seen_through_the_other_activation()
    {
        await TwoHosts.UntilDoneAsync(() => _hosts.TrustDomain(0).EnsureAsync(World.Ensure()));
        Assert.Equal(1, await _hosts.TrustDomain(1).BundleNumberAsync());
        await _hosts.TrustDomain(0).EnsureAsync(World.Ensure("later") with { RefreshHintSeconds = 61 });
        World.Clock.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(2, await _hosts.TrustDomain(1).BundleNumberAsync());
        Assert.Equal(61, (await _hosts.TrustDomain(1).GetAsync()).RefreshHintSeconds);
    }

    [Fact]
    public async Task Both_activations_ticking_at_once_retire_a_CA_once()
    {
        await TwoHosts.UntilDoneAsync(() => _hosts.TrustDomain(0).EnsureAsync(World.Ensure()));
        var certified = await TwoHosts.UntilDoneAsync(() => _hosts.ClusterCa(0).RequestAsync(World.Request("op-1")));
        await TwoHosts.UntilDoneAsync(() => _hosts.ClusterCa(1).ListAsync());
        await _hosts.ClusterCa(0).ReleaseAsync(World.Release(certified.AuthorityId));
        World.Clock.Advance(TimeSpan.FromMinutes(3));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => TwoHosts.UntilDoneAsync(async () =>
        {
            await _hosts.ClusterCa(i).TickAsync();
            return true;
        })));

        Assert.Equal(IssuingCaState.Retired, Assert.Single(World.Storage.Stored<ClusterCaState>($"cluster-ca/{World.TrustDomain.ClusterKey}").IssuingCas).State);
    }

    [Fact]
    public async Task Denials_through_both_activations_get_numbers_of_their_own_and_every_one_stands()
    {
        var receipts = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => TwoHosts.UntilDoneAsync(() => _hosts.Denials(i).AddAsync(
            new Denial(DenialKind.QuarantinedIdentity, $"spiffe://{Name}/{i}", 0, "test", "operator", default, $"op-{i}")))));

        Assert.Equal(24, World.Denials.Stored(Name).Denials.Select(denial => denial.Number).Distinct().Count());
        Assert.Equal(24, World.Denials.Stored(Name).Denials.Length);
        Assert.All(receipts, receipt => Assert.InRange(receipt.Number, 1, 24));
    }

    [Fact]
    public async Task An_activation_calls_nothing_effective_by_what_a_silo_told_the_other_one()
    {
        var ears = new[] { new Ear(), new Ear() };
        await ConfirmAsync(0, "silo-1", -1, ears[0]);
        await ConfirmAsync(1, "silo-2", -1, ears[1]);
        var receipt = await _hosts.Denials(0).AddAsync(
            new Denial(DenialKind.QuarantinedIdentity, $"spiffe://{Name}/a", 0, "test", "operator", default, "op"));
        Assert.Null(receipt.EffectiveAt);

        Assert.Null((await _hosts.Denials(1).StatusAsync(receipt.Number)).EffectiveAt);
        await ConfirmAsync(0, "silo-2", receipt.Number, ears[1]);
        Assert.NotNull((await _hosts.Denials(0).StatusAsync(receipt.Number)).EffectiveAt);
        Assert.Null((await _hosts.Denials(1).StatusAsync(receipt.Number)).EffectiveAt);

        World.Clock.Advance(World.DenialOptions.Lease * 1.03);
        Assert.NotNull((await _hosts.Denials(1).StatusAsync(receipt.Number)).EffectiveAt);
        GC.KeepAlive(ears);
    }

    [Fact]
    public async Task Of_two_silos_that_race_for_one_registration_one_wins_and_the_other_is_told()
    {
        for (var round = 0; round < 10; round++)
        {
            var entry = EntryRulesTests.Good with
            {
                Id = $"entry-{round}", TrustDomain = Name, SpiffeId = $"spiffe://{Name}/shop/cart", ParentId = $"spiffe://{Name}/meshgrains/source/prod", Revision = 1,
            };
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 2).Select(async i =>
            {
                try
                {
                    return (await _hosts.Grains(i).GetGrain<IWorkloadIdentityGrain>(entry.SpiffeId).PutEntryAsync(entry with { OperationId = $"op-{round}-{i}" })).OperationId;
                }
                catch (GrainOperationException refused) when (refused.Code == RefusalCode.Conflict)
                {
                    return null;
                }
            }));

            var winner = Assert.Single(outcomes, outcome => outcome is not null);
            Assert.Equal(winner, World.Registrations.Entries.Single(known => known.Id == entry.Id && known.TrustDomain == Name).OperationId);
        }
    }

    private Task<DenialLease> ConfirmAsync(int host, string silo, long number, Ear ear) => _hosts.Denials(host).ConfirmLeaseAsync(
        new DenialConfirmation(silo, "run-1", number, (long)World.DenialOptions.Lease.TotalMilliseconds), _hosts.Grains(host).CreateObjectReference<IDenialObserver>(ear));

    private sealed class Ear : IDenialObserver
    {
        public Task ChangedAsync(DenialSet set) => Task.CompletedTask;

        public Task BundleChangedAsync(long bundleNumber) => Task.CompletedTask;
    }
}
