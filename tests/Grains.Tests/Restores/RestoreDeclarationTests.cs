using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Grains.Tests;

public sealed class RestoreDeclarationTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public RestoreDeclarationTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    private GrainWorld World => _host.World;

    private string Name => World.TrustDomain.Name;

    [Fact]
    public async Task An_older_state_is_refused_with_the_command_in_the_sentence_and_taken_after_the_declaration_with_numbers_above_and_gates_shut()
    {
        // What the backup holds, and what was shown since.
        World.Storage.Overwrite($"trust-domain/{Name}", TestState());
        World.Denials.Force(Name, new DenialSet(0, []));
        World.Denials.Force(Name, new DenialSet(1, []));
        await World.Log.RaiseAnchorAsync(Name, LogAnchor.Bundle, 7, default);
        await World.Log.RaiseAnchorAsync(Name, LogAnchor.Denials, 40, default);
        foreach (var call in new Func<Task>[] { () => _host.TrustDomain.GetAsync(), () => _host.Denials.ReadAsync() })
        {
            var refused = await Assert.ThrowsAnyAsync<Exception>(call);
            Assert.Contains("meshgrains declare-restore", refused.ToString(), StringComparison.Ordinal);
        }

        var declared = await Declaration.DeclareAsync("the disk was lost", "sre@example.org", default);

        Assert.Equal((8L, 41L), (declared.BundleNumber, declared.DenialNumber));
        var view = await _host.TrustDomain.GetAsync();
        Assert.Equal((8L, declared.At + World.Ca.IssuingCaTtl + World.Svid.ClockSkew), (view.BundleNumber, view.RetireGatesShutUntil));
        Assert.Equal(41, (await _host.Denials.ReadAsync()).Number);
        var recorded = Assert.Single(World.Storage.Stored<TrustDomainState>($"trust-domain/{Name}").Restores!.Value);
        Assert.Equal(("the disk was lost", "sre@example.org"), (recorded.Reason, recorded.Actor));
    }

    [Fact]
    public async Task A_denial_set_that_is_lost_altogether_begins_above_the_anchor()
    {
        World.Storage.Overwrite($"trust-domain/{Name}", TestState());
        await World.Log.RaiseAnchorAsync(Name, LogAnchor.Denials, 3, default);

        Assert.Equal(4, (await Declaration.DeclareAsync("lost", "op", default)).DenialNumber);
        Assert.Equal(4, (await _host.Denials.ReadAsync()).Number);
    }

    [Fact]
    public async Task While_the_gates_are_shut_nothing_is_retired()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var certified = await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        await _host.ClusterCa.ReleaseAsync(World.Release(certified.AuthorityId));
        await Declaration.DeclareAsync("a trial", "op", default);
        World.Clock.Advance(TimeSpan.FromMinutes(3));
        await _host.TrustDomain.BundleNumberAsync();
        await _host.ClusterCa.TickAsync();
        Assert.Equal(IssuingCaState.Old, Assert.Single(await _host.ClusterCa.ListAsync()).State);

        World.Clock.Advance(World.Ca.IssuingCaTtl + World.Svid.ClockSkew);
        await _host.ClusterCa.TickAsync();
        Assert.Equal(IssuingCaState.Retired, Assert.Single(await _host.ClusterCa.ListAsync()).State);
    }

    [Fact]
    public async Task A_failure_between_the_two_writes_leaves_a_refused_state_and_the_next_declaration_goes_on()
    {
        World.Storage.Overwrite($"trust-domain/{Name}", TestState());
        World.Denials.Force(Name, new DenialSet(0, []));
        await World.Log.RaiseAnchorAsync(Name, LogAnchor.Denials, 5, default);
        World.Faults.FailNext("denials.write");

        await Assert.ThrowsAsync<GrainOperationException>(() => Declaration.DeclareAsync("lost", "op", default));
        await Assert.ThrowsAnyAsync<Exception>(() => _host.Denials.ReadAsync());
        await Declaration.DeclareAsync("lost", "op", default);

        Assert.Equal(6, (await _host.Denials.ReadAsync()).Number);
    }

    [Fact]
    public async Task Without_a_reason_or_a_trust_domain_nothing_is_declared()
    {
        Assert.Equal("no_reason", (await Assert.ThrowsAsync<GrainOperationException>(() => Declaration.DeclareAsync("", "op", default))).Reason);
        Assert.Equal("no_trust_domain", (await Assert.ThrowsAsync<GrainOperationException>(() => Declaration.DeclareAsync("lost", "op", default))).Reason);
    }

    private static TrustDomainState TestState() => new TestAuthority(DateTimeOffset.UnixEpoch).State with { OperationId = "backup" };

    private RestoreDeclaration Declaration => new(
        World.Storage, World.Denials, World.Log, Options.Create(World.TrustDomain), Options.Create(World.Ca), Options.Create(World.Svid), Options.Create(World.Jwt),
        new SystemRandomSource(), World.Clock, NullLogger<RestoreDeclaration>.Instance);
}
