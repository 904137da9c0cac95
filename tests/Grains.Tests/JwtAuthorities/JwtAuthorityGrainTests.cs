using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

public sealed class JwtAuthorityGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public JwtAuthorityGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
        (World.Jwt.Issuer, World.Jwt.Enabled) = ("", true);
    }

    private GrainWorld World => _host.World;

    private JwtAuthorityState Stored => World.Storage.Stored<JwtAuthorityState>($"jwt-authority/{World.TrustDomain.ClusterKey}");

    [Fact]
    public async Task The_first_reservation_makes_a_sealed_key_that_lies_in_the_bundle_before_it_signs()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var reserved = await _host.JwtAuthority.ReserveAsync("op-1");

        var bundle = TrustBundles.Of(await _host.TrustDomain.GetAsync());
        var published = Assert.Single(bundle.JwtAuthorities);
        Assert.Equal(2UL, bundle.Sequence);
        Assert.Equal((reserved.KeyId, "ES256"), (published.KeyId, reserved.Algorithm));
        using var signer = JwtSigner.Import(JwtAlgorithm.ES256, World.JwtSeal.Open(World.TrustDomain.ClusterKey, reserved.KeyId, reserved.SealedKey));
        Assert.Equal(published.PublicKey.Der.ToArray(), signer.SubjectPublicKeyInfo.ToArray());
        Assert.True(reserved.HighestExpiry >= World.Clock.GetUtcNow() + World.Jwt.MaxTtl);
        Assert.Equal(reserved.HighestExpiry, Stored.Authorities.Single().HighestExpiry);
    }

    [Fact]
    public async Task The_key_in_clear_is_in_no_stored_byte_and_in_no_message()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var reserved = await _host.JwtAuthority.ReserveAsync("op-1");
        using var signer = JwtSigner.Import(JwtAlgorithm.ES256, World.JwtSeal.Open(World.TrustDomain.ClusterKey, reserved.KeyId, reserved.SealedKey));

        // The private scalar of a P-256 key in PKCS #8: 32 bytes after the version of the inner structure.
        using var key = System.Security.Cryptography.ECDsa.Create();
        key.ImportPkcs8PrivateKey(signer.ExportPkcs8(), out _);
        var scalar = key.ExportParameters(includePrivateParameters: true).D!;
        Assert.Equal(-1, reserved.SealedKey.AsSpan().IndexOf(scalar));
        var stored = new StateCodec().Encode(Stored);
        Assert.Equal(-1, stored.AsSpan().IndexOf(scalar));
        Assert.DoesNotContain(Convert.ToBase64String(scalar)[..20], System.Text.Encoding.UTF8.GetString(stored), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_silos_that_ask_at_once_get_one_key_and_share_the_writes()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var reserved = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => _host.JwtAuthority.ReserveAsync($"op-{i}")));
        Assert.Single(reserved.Select(one => one.KeyId).Distinct());
        World.Faults.Reset();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => _host.JwtAuthority.ReserveAsync($"later-{i}")));
        Assert.DoesNotContain("state.write", World.Faults.Steps);
    }

    [Fact]
    public async Task Without_a_trust_bundle_there_is_no_JWT_authority()
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => _host.JwtAuthority.ReserveAsync("op-1"));
        Assert.Equal("no_root", Assert.IsType<GrainOperationException>(refused).Reason);
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        Assert.NotNull((await _host.JwtAuthority.ReserveAsync("op-2")).KeyId);
        Assert.Single(Stored.Authorities);
    }

    [Fact]
    public async Task Where_it_is_turned_off_no_key_is_made()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        World.Jwt.Enabled = false;
        Assert.Equal("jwt_disabled", (await Assert.ThrowsAsync<GrainOperationException>(() => _host.JwtAuthority.ReserveAsync("op-1"))).Reason);
        Assert.Empty(Stored.Authorities);
        Assert.Empty(TrustBundles.Of(await _host.TrustDomain.GetAsync()).JwtAuthorities);
    }

    [Fact]
    public async Task Whatever_step_fails_the_retry_ends_with_one_published_key()
    {
        await RunAsync();
        var steps = World.Faults.Steps.Count;
        for (var step = 1; step <= steps; step++)
        {
            foreach (var after in new[] { false, true })
            {
                _host.Fresh();
                await _host.TrustDomain.EnsureAsync(World.Ensure());
                World.Faults.Reset();
                World.Faults.FailStep(step, after);
                await RunAsync(ensured: true);
            }
        }
    }

    [Fact]
    public async Task A_key_is_followed_by_another_and_leaves_the_bundle_when_its_last_token_has_ended()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var first = await _host.JwtAuthority.ReserveAsync("op-1");

        World.Clock.Advance((World.Jwt.AuthorityTtl / 2) + TimeSpan.FromMinutes(1));
        Assert.Equal(first.KeyId, (await _host.JwtAuthority.ReserveAsync("op-2")).KeyId);
        var both = TrustBundles.Of(await _host.TrustDomain.GetAsync());
        Assert.Equal((2, 3UL), (both.JwtAuthorities.Count, both.Sequence));

        World.Clock.Advance(World.Jwt.LeadAfter(World.Ca.BundleRefreshHint));
        var second = await _host.JwtAuthority.ReserveAsync("op-3");
        Assert.NotEqual(first.KeyId, second.KeyId);
        Assert.Equal(2, TrustBundles.Of(await _host.TrustDomain.GetAsync()).JwtAuthorities.Count);

        World.Clock.Advance(World.Jwt.MaxTtl + World.Jwt.ReserveAhead + World.Svid.ClockSkew);
        Assert.Equal(second.KeyId, (await _host.JwtAuthority.ReserveAsync("op-4")).KeyId);
        var last = TrustBundles.Of(await _host.TrustDomain.GetAsync());
        Assert.Equal((second.KeyId, 4UL), (Assert.Single(last.JwtAuthorities).KeyId, last.Sequence));
        Assert.Equal(second.KeyId, Stored.Authorities.Single().KeyId);
    }

    [Fact]
    public async Task After_a_declared_restore_no_key_leaves_the_bundle_until_the_gates_open()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var view = new JwtAuthorityView("", "main", [], World.Clock.GetUtcNow().AddDays(1));
        using var signer = JwtSigner.Create(JwtAlgorithm.ES256);
        view = view with { KeyId = signer.KeyId, SubjectPublicKeyInfo = signer.SubjectPublicKeyInfo.ToArray() };
        await _host.TrustDomain.PublishJwtAuthorityAsync(new PublishJwtAuthority("op-1", view));
        var state = World.Storage.Stored<TrustDomainState>($"trust-domain/{World.TrustDomain.Name}");
        var now = World.Clock.GetUtcNow();

        var shut = state with { RetireGatesShutUntil = now.AddHours(1) };
        Assert.Null(JwtPublishing.Withdraw(shut, "main", signer.KeyId, "op-2", now));
        Assert.NotNull(JwtPublishing.Withdraw(shut, "main", signer.KeyId, "op-2", now.AddHours(1)));
        Assert.True(await _host.TrustDomain.WithdrawJwtAuthorityAsync("main", signer.KeyId, "op-2"));
        Assert.True(await _host.TrustDomain.WithdrawJwtAuthorityAsync("main", signer.KeyId, "op-3"));
        Assert.Empty(TrustBundles.Of(await _host.TrustDomain.GetAsync()).JwtAuthorities);
    }

    [Fact]
    public async Task What_is_no_key_or_not_named_by_itself_is_not_published()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        using var signer = JwtSigner.Create(JwtAlgorithm.ES256);
        var good = new JwtAuthorityView(signer.KeyId, "main", signer.SubjectPublicKeyInfo.ToArray(), World.Clock.GetUtcNow().AddDays(1));
        foreach (var bad in new[] { good with { KeyId = "ab" }, good with { SubjectPublicKeyInfo = [1] }, good with { NotAfter = World.Clock.GetUtcNow() } })
        {
            var refused = await Assert.ThrowsAsync<GrainOperationException>(() => _host.TrustDomain.PublishJwtAuthorityAsync(new PublishJwtAuthority("op-1", bad)));
            Assert.Equal("bad_jwt_authority", refused.Reason);
        }

        Assert.Equal(2, await _host.TrustDomain.PublishJwtAuthorityAsync(new PublishJwtAuthority("op-1", good)));
        Assert.Equal(2, await _host.TrustDomain.PublishJwtAuthorityAsync(new PublishJwtAuthority("op-2", good)));
    }

    [Fact]
    public async Task A_lagging_agent_keeps_a_successor_waiting_is_named_and_lets_it_sign_with_its_word()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var first = await _host.JwtAuthority.ReserveAsync("op-1");
        await AgentAsync(acknowledged: 2);

        var ordered = await _host.JwtAuthority.RotateAsync(new RotateJwtAuthority("order", "drill", "ada"));
        Assert.Equal([AuthorityState.Active, AuthorityState.Prepared], ordered.Keys.Select(key => key.State));
        Assert.Equal(("drill", "ada", 3), (ordered.Keys[0].Reason, ordered.Keys[0].Actor, ordered.Keys[1].BundleNumber));
        Assert.Equal(2, (await _host.JwtAuthority.RotateAsync(new RotateJwtAuthority("order", "drill", "ada"))).Keys.Length);

        World.Clock.Advance(World.Jwt.LeadAfter(World.Ca.BundleRefreshHint) + TimeSpan.FromSeconds(10));
        Assert.Equal(first.KeyId, (await _host.JwtAuthority.ReserveAsync("op-2")).KeyId);
        var waiting = await _host.JwtAuthority.ListAsync();
        Assert.StartsWith($"spiffe://{World.TrustDomain.Name}/meshgrains/agent/one (bundle 2", Assert.Single(waiting.Agents!.Names), StringComparison.Ordinal);
        Assert.True(waiting.AtLatest > World.Clock.GetUtcNow());

        await AgentAsync(acknowledged: 3);
        World.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(ordered.Keys[1].KeyId, (await _host.JwtAuthority.ReserveAsync("op-3")).KeyId);
    }

    [Fact]
    public async Task A_tainted_key_is_out_of_the_bundle_when_the_call_returns_and_another_signs_without_waiting_for_agents()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var first = await _host.JwtAuthority.ReserveAsync("op-1");
        await AgentAsync(acknowledged: 2);

        var tainted = await _host.JwtAuthority.TaintAsync(new TaintJwtAuthority("order", first.KeyId, "found on a disk", "ada"));

        Assert.Equal([AuthorityState.Tainted, AuthorityState.Active], tainted.Keys.Select(key => key.State));
        Assert.Equal(("found on a disk", "ada"), (tainted.Keys[0].Reason, tainted.Keys[0].Actor));
        var bundle = TrustBundles.Of(await _host.TrustDomain.GetAsync());
        Assert.Equal((tainted.Keys[1].KeyId, 4UL), (Assert.Single(bundle.JwtAuthorities).KeyId, bundle.Sequence));
        Assert.Equal(tainted.Keys[1].KeyId, (await _host.JwtAuthority.ReserveAsync("op-2")).KeyId);
        Assert.Empty(Stored.Authorities[0].SealedKey);
        Assert.Equal(
            "no_such_jwt_authority",
            (await Assert.ThrowsAsync<GrainOperationException>(() => _host.JwtAuthority.TaintAsync(new TaintJwtAuthority("order-2", "ab", "r", "ada")))).Reason);
    }

    private async Task AgentAsync(long acknowledged)
    {
        var (agent, now) = ($"spiffe://{World.TrustDomain.Name}/meshgrains/agent/one", World.Clock.GetUtcNow());
        var roster = _host.Grains.GetGrain<IAgentRosterGrain>(AgentRosterShards.Key(World.TrustDomain.Name, AgentRosterShards.Of(agent)));
        if (await roster.FindAsync(agent) is null)
        {
            await roster.IssuedAsync([new AgentIssue(agent, "join_token", "0a", now + TimeSpan.FromHours(1), now, false)]);
        }

        var known = await roster.FindAsync(agent);
        await roster.ReportAsync([new AgentSighting(agent, "silo-1", true, "0a", known!.NotAfter, known.AttestedAt, "127.0.0.1", now, "1", acknowledged, "", 0, 0)]);
    }

    private async Task RunAsync(bool ensured = false)
    {
        if (!ensured)
        {
            await _host.TrustDomain.EnsureAsync(World.Ensure());
            World.Faults.Reset();
        }

        var attempt = 0;
        var reserved = await HostedGrains.RetryAsync(() => _host.JwtAuthority.ReserveAsync($"op-{attempt++}"));
        var bundle = TrustBundles.Of(await HostedGrains.RetryAsync(_host.TrustDomain.GetAsync));
        Assert.Equal(reserved.KeyId, Assert.Single(bundle.JwtAuthorities).KeyId);
        var stored = Assert.Single(Stored.Authorities);
        Assert.Equal((AuthorityState.Active, reserved.HighestExpiry), (stored.State, stored.HighestExpiry));
        Assert.NotNull(stored.PublishedAt);
    }
}
