using MeshGrains.Identity;
using Orleans;

namespace MeshGrains.Grains.Tests;

public sealed class ClusterCaGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public ClusterCaGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    private GrainWorld World => _host.World;

    [Fact]
    public async Task A_silos_request_is_certified_listed_and_swept_later()
    {
        await EnsureAsync();
        var reminders = World.Reminders.Count;

        var certified = await _host.ClusterCa.RequestAsync(World.Request("op-1"));

        var listed = Assert.Single(await _host.ClusterCa.ListAsync());
        Assert.Equal((certified.AuthorityId, "silo-1", IssuingCaState.Active), (listed.AuthorityId, listed.Silo, listed.State));
        Assert.Equal(reminders + 1, World.Reminders.Count);
    }

    [Fact]
    public async Task Later_requests_do_not_put_the_sweep_off()
    {
        await EnsureAsync();
        await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        var first = await ReminderAsync();
        World.Clock.Advance(TimeSpan.FromSeconds(10));
        await _host.ClusterCa.RequestAsync(World.Request("op-2"));

        Assert.Equal(first, await ReminderAsync());

        async Task<string> ReminderAsync()
        {
            var rows = await World.Reminders.ReadRows(0, 0);
            return Assert.Single(rows.Reminders, row => row.GrainId.ToString().Contains(World.TrustDomain.Name, StringComparison.Ordinal)).ETag!;
        }
    }

    [Fact]
    public async Task Who_asks_for_another_silo_with_a_foreign_anchor_an_old_date_or_a_wrong_signature_is_refused()
    {
        await EnsureAsync();
        using var foreign = TestBootstrap.NewAnchor(World.TrustDomain.Name, World.Clock.GetUtcNow());
        var good = World.Request("op-1");
        var now = World.Clock.GetUtcNow();
        using var p384 = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        foreach (var bad in new[]
        {
            World.Request("op-1", silo: "silo-2", nameInCertificate: "silo-1"),
            World.Request("op-1", anchor: foreign),
            World.Request("op-1", requestedAt: now - TimeSpan.FromMinutes(6)),
            World.Request("op-1", requestedAt: now + TimeSpan.FromMinutes(6)),
            World.Request("op-1", clusterKey: "another/cluster"),
            World.Request("op\n1"),
            World.Request(new string('o', 65)),
            World.Request("op-1", incarnation: ""),
            World.Request("op-1", relay: "no port"),
            World.Request("op-1", relay: "host\n:1"),
            good with { Incarnation = "run-2" },
            good with { RelayEndpoint = "10.0.0.1:9443" },
            good with { Signature = [.. good.Signature[..^1], (byte)(good.Signature[^1] ^ 1)] },
            good with { OperationId = "op-2" },
            good with { SubjectPublicKeyInfo = IssuerKey.Create().SubjectPublicKeyInfo.ToArray() },
            good with { SubjectPublicKeyInfo = p384.ExportSubjectPublicKeyInfo() },
            good with { SubjectPublicKeyInfo = [] },
            good with { BootstrapChain = [] },
            good with { BootstrapChain = [[1, 2, 3]] },
            good with { Signature = [] },
        })
        {
            var refused = await Assert.ThrowsAsync<GrainOperationException>(() => _host.ClusterCa.RequestAsync(bad));
            Assert.Equal((RefusalCode.PermissionDenied, "silo_refused"), (refused.Code, refused.Reason));
        }

        Assert.Empty(await _host.ClusterCa.ListAsync());
        await _host.ClusterCa.RequestAsync(good);
    }

    [Fact]
    public async Task A_silo_over_its_budget_is_refused_until_the_hour_has_passed()
    {
        await EnsureAsync();
        for (var i = 0; i < World.Ca.IssuingCaBudgetPerHour; i++)
        {
            await _host.ClusterCa.RequestAsync(World.Request($"op-{i}"));
        }

        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => _host.ClusterCa.RequestAsync(World.Request("one-more")));
        Assert.Equal((RefusalCode.ResourceExhausted, "issuing_ca_budget"), (refused.Code, refused.Reason));
        await _host.ClusterCa.RequestAsync(World.Request("other", silo: "silo-2"));

        World.Clock.Advance(TimeSpan.FromMinutes(61));
        await _host.ClusterCa.RequestAsync(World.Request("an-hour-later"));
    }

    [Fact]
    public async Task Another_cluster_name_is_no_second_budget()
    {
        await EnsureAsync();
        var key = $"{World.TrustDomain.Name}/invented";

        await Assert.ThrowsAnyAsync<Exception>(() => _host.Grains.GetGrain<IClusterCaGrain>(key).RequestAsync(World.Request("op-1", clusterKey: key)));
    }

    [Fact]
    public async Task Whatever_step_fails_the_silo_gets_one_certificate_for_its_operation()
    {
        var key = IssuerKey.Create();
        await RunAsync(key);
        var steps = World.Faults.Steps.Count;
        for (var step = 1; step <= steps; step++)
        {
            foreach (var after in new[] { false, true })
            {
                _host.Fresh();
                await RunAsync(key, () => World.Faults.FailStep(step, after));
            }
        }
    }

    [Fact]
    public async Task A_silo_that_takes_relayed_calls_is_listed_with_its_address()
    {
        await EnsureAsync();
        await _host.ClusterCa.RequestAsync(World.Request("op-1", relay: "10.0.0.1:9443"));
        await _host.ClusterCa.RequestAsync(World.Request("op-2", silo: "silo-2"));

        Assert.Equal(["10.0.0.1:9443", null], (await _host.ClusterCa.ListAsync()).Select(ca => ca.RelayEndpoint));
    }

    [Fact]
    public async Task Another_start_of_a_silo_leaves_the_former_ones_CA_active_until_it_is_seen_to_be_gone()
    {
        await EnsureAsync();
        await _host.ClusterCa.RequestAsync(World.Request("op-1", incarnation: "run-1"));
        await _host.ClusterCa.RequestAsync(World.Request("op-2", incarnation: "run-2"));

        Assert.Equal([IssuingCaState.Active, IssuingCaState.Active], (await _host.ClusterCa.ListAsync()).Select(ca => ca.State));
    }

    [Fact]
    public async Task The_former_CA_of_a_silo_becomes_old()
    {
        await EnsureAsync();
        await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        await _host.ClusterCa.RequestAsync(World.Request("op-2"));

        Assert.Equal([IssuingCaState.Old, IssuingCaState.Active], (await _host.ClusterCa.ListAsync()).Select(ca => ca.State));
    }

    [Fact]
    public async Task A_taint_is_a_denial_and_its_operation_gets_no_certificate_any_more()
    {
        await EnsureAsync();
        var request = World.Request("op-1");
        var certified = await _host.ClusterCa.RequestAsync(request);
        World.Faults.FailNext("denials.write");

        var view = await _host.ClusterCa.TaintAsync(certified.AuthorityId, "stolen", "operator", "op-t");
        await _host.ClusterCa.TaintAsync(certified.AuthorityId, "stolen", "operator", "op-t2");

        Assert.Equal((IssuingCaState.Tainted, "stolen"), (view.State, view.TaintReason));
        var denial = Assert.Single((await _host.Denials.ReadAsync()).Denials);
        Assert.Equal((DenialKind.TaintedAuthority, certified.AuthorityId), (denial.Kind, denial.Subject));
        Assert.Equal(RefusalCode.Conflict, (await Assert.ThrowsAsync<GrainOperationException>(() => _host.ClusterCa.RequestAsync(request))).Code);
        Assert.Equal(
            RefusalCode.NotFound, (await Assert.ThrowsAsync<GrainOperationException>(() => _host.ClusterCa.TaintAsync("nobody", "x", "operator", "op"))).Code);
    }

    [Fact]
    public async Task A_taint_may_tell_over_which_time_agents_replace_what_the_CA_signed_and_the_denial_says_it_however_it_comes_about()
    {
        await EnsureAsync();
        var certified = await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        TaintIssuingCa Over(int seconds) => new(certified.AuthorityId, "sold", "operator", "op-t", seconds);
        foreach (var wrong in new[] { -1, ReissueOrder.MaxOverSeconds + 1 })
        {
            Assert.Equal(
                "bad_reissue_time", (await Assert.ThrowsAsync<GrainOperationException>(() => _host.ClusterCa.TaintOverAsync(Over(wrong)))).Reason);
        }

        World.Faults.FailNext("denials.read", times: 50);
        await Assert.ThrowsAsync<GrainOperationException>(() => _host.ClusterCa.TaintOverAsync(Over(600)));
        World.Faults.Reset();
        async Task<int?> ToldAsync() => Assert.Single((await _host.Denials.ReadAsync()).Denials).ReissueOverSeconds;

        await _host.ClusterCa.TaintOverAsync(Over(3600));
        Assert.Equal(600, await ToldAsync());

        // What was sold turns out to be stolen.
        await _host.ClusterCa.TaintOverAsync(Over(60));
        Assert.Equal(60, await ToldAsync());
        await _host.ClusterCa.TaintAsync(certified.AuthorityId, "stolen", "operator", "op-t");
        Assert.Null(await ToldAsync());
    }

    [Fact]
    public async Task A_released_CA_is_fenced_and_retired_once_nothing_live_chains_to_it()
    {
        await EnsureAsync();
        var certified = await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        await IssueAsync(certified, World.Clock.GetUtcNow() + TimeSpan.FromMinutes(30));

        await _host.ClusterCa.ReleaseAsync(World.Release(certified.AuthorityId));
        await _host.ClusterCa.ReleaseAsync(World.Release(certified.AuthorityId));
        Assert.True(World.Log.IsSealed(certified.AuthorityId));
        await TickAsync();
        Assert.Equal(IssuingCaState.Old, await StateAsync(certified));

        World.Clock.Advance(TimeSpan.FromMinutes(32));
        await TickAsync();
        Assert.Equal(IssuingCaState.Retired, await StateAsync(certified));
    }

    [Fact]
    public async Task A_release_by_another_silo_or_for_another_start_is_refused()
    {
        await EnsureAsync();
        var certified = await _host.ClusterCa.RequestAsync(World.Request("op-1"));

        foreach (var bad in new[]
        {
            World.Release(certified.AuthorityId, nameInCertificate: "silo-2"),
            World.Release(certified.AuthorityId, silo: "silo-2"),
            World.Release(certified.AuthorityId, incarnation: "run-2"),
            World.Release(certified.AuthorityId) with { Signature = [] },
            World.Release("nobody"),
            World.Release("no\nbody"),
        })
        {
            await Assert.ThrowsAsync<GrainOperationException>(() => _host.ClusterCa.ReleaseAsync(bad));
        }

        Assert.False(World.Log.IsSealed(certified.AuthorityId));
        Assert.Equal(IssuingCaState.Active, await StateAsync(certified));
    }

    [Fact]
    public async Task The_CA_of_a_start_that_vanished_is_fenced_and_that_of_the_next_start_goes_on()
    {
        await EnsureAsync();
        await OnRosterAsync("run-1");
        var first = await _host.ClusterCa.RequestAsync(World.Request("op-1", incarnation: "run-1"));
        await OnRosterAsync("run-2");
        var second = await _host.ClusterCa.RequestAsync(World.Request("op-2", incarnation: "run-2"));
        await TickAsync();
        Assert.Equal(IssuingCaState.Active, await StateAsync(first));

        await _host.Denials.LeaveAsync("silo-1", "run-1");
        await TickAsync();

        Assert.True(World.Log.IsSealed(first.AuthorityId));
        Assert.Equal((IssuingCaState.Retired, IssuingCaState.Active), (await StateAsync(first), await StateAsync(second)));
        await Assert.ThrowsAsync<IssuanceShardSealedException>(() => IssueAsync(first, World.Clock.GetUtcNow()));
    }

    [Fact]
    public async Task While_the_log_or_the_roster_cannot_answer_nothing_is_fenced_or_retired_and_the_next_tick_goes_on()
    {
        await EnsureAsync();
        var gone = await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        World.Log.OnSeal = _ => throw new IOException("The log is away.");
        await TickAsync();
        World.Log.OnSeal = null;
        Assert.Equal(IssuingCaState.Active, await StateAsync(gone));

        World.Faults.FailNext("denials.read");
        await TickAsync();
        Assert.Equal(IssuingCaState.Active, await StateAsync(gone));

        await TickAsync();
        Assert.Equal(IssuingCaState.Retired, await StateAsync(gone));
    }

    [Fact]
    public async Task A_tick_too_many_writes_nothing()
    {
        await EnsureAsync();
        await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        await _host.ClusterCa.TickAsync();
        World.Faults.Reset();
        await _host.ClusterCa.TickAsync();
        await _host.ClusterCa.TickAsync();

        Assert.DoesNotContain("state.write", World.Faults.Steps);
    }

    [Fact]
    public async Task A_taint_of_one_silos_CA_leaves_the_others_alone()
    {
        await EnsureAsync();
        var first = await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        var second = await _host.ClusterCa.RequestAsync(World.Request("op-2", silo: "silo-2"));
        await _host.ClusterCa.TaintAsync(first.AuthorityId, "stolen", "operator", "op-t");

        Assert.Equal((IssuingCaState.Tainted, IssuingCaState.Active), (await StateAsync(first), await StateAsync(second)));
        Assert.Equal([first.AuthorityId], (await _host.Denials.ReadAsync()).Denials.Select(denial => denial.Subject));
    }

    [Fact]
    public async Task A_taint_whose_denial_was_lost_on_the_way_is_denied_by_the_next_tick()
    {
        await EnsureAsync();
        var certified = await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        World.Faults.FailNext("denials.read", times: 50);
        await Assert.ThrowsAsync<GrainOperationException>(() => _host.ClusterCa.TaintAsync(certified.AuthorityId, "stolen", "operator", "op-t"));
        World.Faults.Reset();
        Assert.Empty(World.Denials.Stored(World.TrustDomain.Name).Denials);

        await TickAsync();
        await TickAsync();

        var denial = Assert.Single(World.Denials.Stored(World.TrustDomain.Name).Denials);
        Assert.Equal(
            (DenialKind.TaintedAuthority, certified.AuthorityId, "stolen", certified.NotAfter + TimeSpan.FromHours(1)),
            (denial.Kind, denial.Subject, denial.Reason, denial.Until!.Value));
        Assert.True(World.Log.IsSealed(certified.AuthorityId));
    }

    private async Task TickAsync()
    {
        World.Clock.Advance(TimeSpan.FromMinutes(3));
        await _host.ClusterCa.TickAsync();
    }

    private async Task<IssuingCaState> StateAsync(CertifiedIssuingCa certified) =>
        (await _host.ClusterCa.ListAsync()).Single(ca => ca.AuthorityId == certified.AuthorityId).State;

    private async Task OnRosterAsync(string incarnation) => await _host.Denials.ConfirmLeaseAsync(
        new DenialConfirmation("silo-1", incarnation, -1, 30_000), _host.Grains.CreateObjectReference<IDenialObserver>(new SilentEar()));

    private async Task IssueAsync(CertifiedIssuingCa issuer, DateTimeOffset until) => await World.Log.AppendAsync(
        new IssuanceRecord(
            IssuanceRecordKind.X509Svid, World.TrustDomain.Name, $"leaf-{issuer.AuthorityId}", "spiffe://x/y", issuer.AuthorityId, default, until, "r", "c", "e", default, 1,
            default, default),
        default);

    private Task<TrustDomainView> EnsureAsync() => _host.TrustDomain.EnsureAsync(World.Ensure());

    private sealed class SilentEar : IDenialObserver
    {
        public Task ChangedAsync(DenialSet set) => Task.CompletedTask;

        public Task BundleChangedAsync(long bundleNumber) => Task.CompletedTask;
    }

    private async Task RunAsync(IssuerKey key, Action? arm = null)
    {
        await EnsureAsync();
        World.Faults.Reset();
        arm?.Invoke();
        var request = World.Request("op-1", key);
        var first = await HostedGrains.RetryAsync(() => _host.ClusterCa.RequestAsync(request));
        var again = await HostedGrains.RetryAsync(() => _host.ClusterCa.RequestAsync(request));

        Assert.Equal(first.CertificateDer, again.CertificateDer);
        var listed = Assert.Single(await _host.ClusterCa.ListAsync());
        Assert.Equal((IssuingCaState.Active, first.AuthorityId), (listed.State, listed.AuthorityId));
        Assert.Single(World.Log.Records, record => record.TrustDomain == World.TrustDomain.Name && record.Kind == IssuanceRecordKind.IssuingCa);
    }
}
