using System.Security.Cryptography;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

public sealed class IssuanceServiceTests : IAsyncLifetime
{
    private IssuanceParts _parts = null!;

    public async Task InitializeAsync() => _parts = await IssuanceParts.StartAsync();

    public async Task DisposeAsync() => await _parts.DisposeAsync();

    [Fact]
    public async Task A_CA_whose_log_shard_was_sealed_is_dropped_at_once_and_another_is_asked_for()
    {
        await using var parts = await IssuanceParts.StartAsync();
        var given = parts.Silo.Issuers.Current!.AuthorityId;
        await parts.Silo.StartLifecycleAsync();
        await Waiting.UntilAsync(() => parts.Silo.Issuers.Current!.AuthorityId != given, "the CA");
        var fenced = parts.Silo.Issuers.Current!.AuthorityId;
        await parts.Log.SealAsync(TestAuthority.Name, fenced, default);

        var refused = await parts.RefusedAsync();

        Assert.Equal((RefusalCode.Unavailable, "issuer_fenced"), (refused.Code, refused.Reason));
        await Waiting.UntilAsync(() => parts.Silo.Issuers.Current is { } next && next.AuthorityId != fenced, "another CA");
        Assert.NotEqual(parts.Silo.Requests[^2].SubjectPublicKeyInfo, parts.Silo.Requests[^1].SubjectPublicKeyInfo);
        await parts.IssuedAsync();
    }

    [Fact]
    public async Task A_registered_caller_gets_an_SVID_that_its_trust_bundle_accepts()
    {
        var svid = await _parts.IssuedAsync();
        var issuer = _parts.Service.Current!;

        var validation = X509SvidValidator.Validate(svid.LeafDer, [issuer.IssuingCaDer], issuer.Bundle, _parts.Now);

        Assert.True(validation.IsValid, validation.Error);
        Assert.Equal(IssuanceParts.Cart, validation.Id.ToString());
        Assert.Equal(IssuanceParts.WorkloadSpki, ParsedCertificate.Read(svid.LeafDer).SubjectPublicKeyInfo.ToArray());
        Assert.Equal(issuer.ChainPem, svid.IssuerChainPem);
        Assert.Equal(issuer.BundlePem, svid.BundlePem);
    }

    [Fact]
    public async Task The_record_tells_everything_about_the_certificate()
    {
        var caller = _parts.Token() with { AttestedAt = _parts.Now - TimeSpan.FromSeconds(3) };
        var svid = await _parts.IssuedAsync(caller);

        var record = Assert.Single(_parts.Log.Records);

        Assert.Equal(
            new IssuanceRecord(
                IssuanceRecordKind.X509Svid, TestAuthority.Name, svid.Serial, IssuanceParts.Cart, _parts.Service.Current!.AuthorityId,
                svid.NotBefore, svid.NotAfter, "request-1", "k8s:prod/shop/cart", "template/template-1", caller.AttestedAt, 1, default, _parts.Now),
            record with { DerSha256 = default });
        Assert.Equal(SHA256.HashData(svid.LeafDer), record.DerSha256.ToArray());
        Assert.Equal(svid.Serial, ParsedCertificate.Read(svid.LeafDer).SerialHex);
    }

    [Fact]
    public async Task Nothing_leaves_before_the_record_is_durable()
    {
        var durable = new TaskCompletionSource();
        _parts.Log.Gate = durable.Task;

        var pending = _parts.IssueAsync().AsTask();
        await Waiting.UntilAsync(() => _parts.Log.Records.Count == 1, "the record");
        Assert.False(pending.IsCompleted);

        durable.SetResult();
        Assert.True((await pending).Succeeded);
    }

    [Fact]
    public async Task A_record_that_could_not_be_made_is_a_certificate_that_does_not_leave()
    {
        _parts.Log.OnAppend = _ => throw new IssuanceLogUnavailableException("The disk is full.");

        var refused = await _parts.RefusedAsync();

        Assert.Equal((RefusalCode.Unavailable, "log_unavailable"), (refused.Code, refused.Reason));
        Assert.NotNull(refused.RetryAfter);
        Assert.DoesNotContain("disk", refused.Message, StringComparison.Ordinal);
        Assert.Contains("disk", refused.LogDetail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_denial_that_comes_while_the_record_is_written_holds()
    {
        foreach (var (kind, subject) in new[]
        {
            (DenialKind.QuarantinedIdentity, IssuanceParts.Cart), (DenialKind.DeletedRegistration, "template-1"),
            (DenialKind.TaintedAuthority, _parts.Service.Current!.AuthorityId),
        })
        {
            await using var parts = await IssuanceParts.StartAsync();
            var wanted = kind == DenialKind.TaintedAuthority ? parts.Service.Current!.AuthorityId : subject;
            var durable = new TaskCompletionSource();
            parts.Log.Gate = durable.Task;
            var pending = parts.IssueAsync().AsTask();
            await Waiting.UntilAsync(() => parts.Log.Records.Count == 1, "the record");
            await parts.DenyAsync(kind, wanted);
            durable.SetResult();

            Assert.False((await pending).Succeeded);
        }
    }

    [Fact]
    public async Task A_silo_that_froze_between_signature_and_reply_sends_nothing_when_it_thaws()
    {
        await using var parts = await IssuanceParts.StartAsync();
        var durable = new TaskCompletionSource();
        parts.Log.Gate = durable.Task;
        var pending = parts.IssueAsync().AsTask();
        await Waiting.UntilAsync(() => parts.Log.Records.Count == 1, "the record");

        // It was as long away as a lease lasts, and its first confirmation after that is on its way still.
        parts.Silo.DenialsFail = () => new TimeoutException("no answer yet");
        parts.Clock.Advance(parts.Silo.DenialOptions.Lease);
        durable.SetResult();

        Assert.Equal((RefusalCode.Unavailable, "denials_stale"), ((await pending).Refusal!.Code, (await pending).Refusal!.Reason));
        Assert.Equal("not_ready", (await parts.RefusedAsync()).Reason);
        Assert.Single(parts.Log.Records);
    }

    [Fact]
    public async Task A_silo_that_froze_for_longer_than_deletions_stay_denied_goes_by_nothing_that_it_read_before()
    {
        await using var parts = await IssuanceParts.StartAsync();
        var durable = new TaskCompletionSource();
        parts.Log.Gate = durable.Task;
        var pending = parts.IssueAsync().AsTask();
        await Waiting.UntilAsync(() => parts.Log.Records.Count == 1, "the record");

        // Meanwhile its template was deleted, denied, and let go from the set; the lease is renewed before the call goes on.
        parts.Registrations.Templates.Clear();
        parts.Clock.Advance(DenialDecisions.KeepDeletedRegistrations);
        await parts.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => parts.Silo.Denials.Fresh is not null, "fresh denials");
        durable.SetResult();

        Assert.Equal("call_outlived", (await pending).Refusal!.Reason);
        Assert.Equal("not_registered", (await parts.RefusedAsync()).Reason);
    }

    [Fact]
    public async Task A_lease_holds_to_its_last_moment_and_costs_nothing_while_the_authority_is_away()
    {
        await using var parts = await IssuanceParts.StartAsync();
        parts.Silo.DenialsFail = () => new TimeoutException("no answer");
        parts.Clock.Advance(parts.Silo.DenialOptions.Lease - TimeSpan.FromMilliseconds(1));
        await parts.IssuedAsync();

        parts.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("not_ready", (await parts.RefusedAsync()).Reason);
        parts.Silo.DenialsFail = () => null;
        parts.Clock.Advance(parts.Silo.DenialOptions.Lease / 3);
        await Waiting.UntilAsync(() => parts.Silo.Denials.Fresh is not null, "a confirmation");
        await parts.IssuedAsync();
    }

    [Fact]
    public async Task Nothing_is_signed_or_recorded_for_whom_no_registration_names()
    {
        _parts.Registrations.Templates.Clear();

        var refused = await _parts.RefusedAsync();

        Assert.Equal((RefusalCode.PermissionDenied, "not_registered"), (refused.Code, refused.Reason));
        Assert.Empty(_parts.Log.Records);
    }

    [Fact]
    public async Task The_registration_is_asked_before_the_CSR_is_looked_at()
    {
        _parts.Registrations.Templates.Clear();

        Assert.Equal("not_registered", (await _parts.RefusedAsync(csr: [1, 2, 3])).Reason);
    }

    [Fact]
    public async Task A_denial_is_asked_before_the_CSR_is_looked_at()
    {
        await _parts.DenyAsync(DenialKind.QuarantinedIdentity, IssuanceParts.Cart);

        var refused = await _parts.RefusedAsync(csr: [1, 2, 3]);

        Assert.Equal((RefusalCode.PermissionDenied, "quarantined"), (refused.Code, refused.Reason));
        Assert.Empty(_parts.Log.Records);
    }

    [Fact]
    public async Task A_released_identity_gets_certificates_again()
    {
        await _parts.DenyAsync(DenialKind.QuarantinedIdentity, IssuanceParts.Cart);
        _parts.Silo.Set = DenialDecisions.Remove(_parts.Silo.Set, DenialKind.QuarantinedIdentity, IssuanceParts.Cart);
        await _parts.Silo.PushAsync();

        await _parts.IssuedAsync();
    }

    [Fact]
    public async Task A_deleted_registration_serves_nobody_though_it_is_cached()
    {
        await _parts.IssuedAsync();
        await _parts.DenyAsync(DenialKind.DeletedRegistration, "template-1");

        Assert.Equal("not_registered", (await _parts.RefusedAsync()).Reason);
    }

    [Fact]
    public async Task A_CSR_that_is_none_and_one_without_its_key_are_refused()
    {
        var forged = IssuanceParts.Csr.ToArray();
        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var at = forged.AsSpan().IndexOf(IssuanceParts.WorkloadSpki);
        another.ExportSubjectPublicKeyInfo().CopyTo(forged, at);

        Assert.Equal("csr_malformed", (await _parts.RefusedAsync(csr: [1, 2, 3])).Reason);
        Assert.Equal("csr_malformed", (await _parts.RefusedAsync(csr: new byte[8193])).Reason);
        var refused = await _parts.RefusedAsync(csr: forged);
        Assert.Equal((RefusalCode.InvalidArgument, "csr_proof"), (refused.Code, refused.Reason));
        Assert.Empty(_parts.Log.Records);
    }

    [Fact]
    public async Task A_silo_that_cannot_issue_says_so_at_once()
    {
        _parts.Log.IsAvailable = false;
        await NotReady("log");
        _parts.Log.IsAvailable = true;

        _parts.Silo.DenialsFail = () => new IOException("cut");
        _parts.Clock.Advance(_parts.Silo.DenialOptions.Lease);
        await NotReady("denial set");
        _parts.Silo.DenialsFail = () => null;
        await _parts.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _parts.Silo.Denials.Fresh is not null, "fresh denials");

        _parts.Clock.SetUtcNow(_parts.Service.Current!.NotAfter);
        await NotReady("has ended");

        _parts.Silo.Issuers.Swap(null);
        await NotReady("issuing CA");
        Assert.Empty(_parts.Log.Records);

        async Task NotReady(string why)
        {
            var refused = await _parts.RefusedAsync();
            Assert.Equal((RefusalCode.Unavailable, "not_ready"), (refused.Code, refused.Reason));
            Assert.Contains(why, refused.Message, StringComparison.Ordinal);
            Assert.Contains(why, _parts.Service.NotReadyReason, StringComparison.Ordinal);
            Assert.NotNull(refused.RetryAfter);
        }
    }

    [Fact]
    public async Task Registrations_that_cannot_be_read_are_no_refusal_of_the_caller()
    {
        _parts.Registrations.Unreadable = new IOException("The disk is gone.");
        var away = await _parts.RefusedAsync();
        _parts.Registrations.Unreadable = new RecordTamperedException("template/1", "its tag does not fit.");
        var tampered = await _parts.RefusedAsync();

        Assert.Equal((RefusalCode.Unavailable, "registrations_unavailable"), (away.Code, away.Reason));
        Assert.Equal((RefusalCode.Internal, "record_tampered"), (tampered.Code, tampered.Reason));
        Assert.DoesNotContain("disk", away.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operators_session_is_no_attestation()
    {
        Assert.Equal("no_attestation", (await _parts.RefusedAsync(new AuthenticatedCaller { Kind = CallerKind.LocalOperator, Name = "uid:0" })).Reason);
    }

    [Fact]
    public async Task A_life_is_the_callers_wish_within_the_registrations_and_the_servers_bounds()
    {
        Assert.Equal(TimeSpan.FromHours(1), await Life(null));
        Assert.Equal(TimeSpan.FromHours(1), await Life(TimeSpan.FromSeconds(-5)));
        Assert.Equal(TimeSpan.FromMinutes(10), await Life(TimeSpan.FromMinutes(10)));
        Assert.Equal(TimeSpan.FromHours(24), await Life(TimeSpan.FromHours(24)));
        Assert.Equal("ttl_too_long", (await _parts.RefusedAsync(ttl: TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1))).Reason);
        Assert.Equal("ttl_too_short", (await _parts.RefusedAsync(ttl: TimeSpan.FromMilliseconds(1))).Reason);

        _parts.Registrations.Templates[0] = IssuanceParts.Template(ttl: 1200);
        _parts.Clock.Advance(_parts.Options.RegistrationCacheTtl);
        await Waiting.UntilAsync(() => _parts.Silo.Denials.Fresh is not null, "fresh denials");
        Assert.Equal(TimeSpan.FromMinutes(20), await Life(null));
        Assert.Equal(TimeSpan.FromMinutes(20), await Life(TimeSpan.FromHours(2)));
        Assert.Equal(TimeSpan.FromMinutes(5), await Life(TimeSpan.FromMinutes(5)));

        async Task<TimeSpan> Life(TimeSpan? wanted) => (await _parts.IssuedAsync(ttl: wanted)).NotAfter - _parts.Now;
    }

    [Fact]
    public async Task A_registration_older_than_a_lowered_bound_is_held_to_it()
    {
        await using var parts = await IssuanceParts.StartAsync(options => options.MaxTtl = TimeSpan.FromHours(2));
        parts.Registrations.Templates[0] = IssuanceParts.Template(ttl: 86_400);

        Assert.Equal(TimeSpan.FromHours(2), (await parts.IssuedAsync()).NotAfter - parts.Now);
    }

    [Fact]
    public async Task A_leaf_ends_no_later_than_its_issuer()
    {
        _parts.Clock.SetUtcNow(_parts.Service.Current!.NotAfter - TimeSpan.FromMinutes(10));

        Assert.Equal(_parts.Service.Current.NotAfter, (await _parts.IssuedAsync()).NotAfter);
    }

    [Fact]
    public async Task An_entry_goes_before_a_template_and_two_entries_are_a_question()
    {
        _parts.Registrations.Entries.Add(IssuanceParts.Entry());
        Assert.Equal("spiffe://td.test/shop/cart", (await _parts.IssuedAsync()).SpiffeId);

        _parts.Registrations.Entries.Add(IssuanceParts.Entry("entry-2", "spiffe://td.test/shop/other"));
        _parts.Clock.Advance(_parts.Options.RegistrationCacheTtl);
        await Waiting.UntilAsync(() => _parts.Silo.Denials.Fresh is not null, "fresh denials");
        Assert.Equal("ambiguous", (await _parts.RefusedAsync()).Reason);
        Assert.Equal("spiffe://td.test/shop/other", (await _parts.IssueAsync(wanted: "spiffe://td.test/shop/other")).Svid!.SpiffeId);
        Assert.Equal("not_registered", (await _parts.RefusedAsync(wanted: "spiffe://td.test/somebody")).Reason);
    }

    [Fact]
    public async Task An_entry_for_other_facts_or_past_its_end_serves_nobody()
    {
        _parts.Registrations.Templates.Clear();
        _parts.Registrations.Entries.Add(IssuanceParts.Entry() with { Selectors = [new Selector("k8s", "ns:bank")] });
        _parts.Registrations.Entries.Add(IssuanceParts.Entry("entry-2") with { Selectors = [] });
        _parts.Registrations.Entries.Add(IssuanceParts.Entry("entry-3") with { ExpiresAt = _parts.Now });
        _parts.Registrations.Entries.Add(IssuanceParts.Entry("entry-4") with { ParentId = EntryRules.SourceParent(TestAuthority.Name, "staging") });

        Assert.Equal("not_registered", (await _parts.RefusedAsync()).Reason);
    }

    [Fact]
    public async Task A_cached_entry_past_its_end_serves_nobody()
    {
        _parts.Registrations.Entries.Add(IssuanceParts.Entry() with { ExpiresAt = _parts.Now + TimeSpan.FromSeconds(5) });
        await _parts.IssuedAsync();
        _parts.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("not_registered", (await _parts.RefusedAsync()).Reason);
    }

    [Theory]
    [InlineData("/ns", true)]
    [InlineData("/ns/", true)]
    [InlineData("/ns/shop/sa/cart", true)]
    [InlineData("/n", false)]
    [InlineData("/ns/sho", false)]
    public async Task A_source_gives_identities_under_its_clusters_paths_only(string allowed, bool issues)
    {
        var result = await _parts.IssueAsync(_parts.Token() with { AllowedPaths = [allowed] });

        Assert.Equal(issues, result.Succeeded);
    }

    [Fact]
    public async Task A_join_token_admits_to_its_entry_and_no_other()
    {
        var caller = new AuthenticatedCaller { Kind = CallerKind.JoinToken, Name = "join:1", EntryId = "entry-1", AttestedAt = _parts.Now };
        _parts.Registrations.Entries.Add(IssuanceParts.Entry() with { ParentId = EntryRules.JoinTokenParent(TestAuthority.Name), Selectors = [] });

        Assert.Equal("spiffe://td.test/shop/cart", (await _parts.IssuedAsync(caller)).SpiffeId);
        Assert.Equal("not_registered", (await _parts.RefusedAsync(caller, wanted: "spiffe://td.test/other")).Reason);
        Assert.Equal("not_registered", (await _parts.RefusedAsync(caller with { EntryId = "nobody" })).Reason);
        _parts.Registrations.Entries[0] = IssuanceParts.Entry();
        Assert.Equal("not_registered", (await _parts.RefusedAsync(caller)).Reason);
    }

    [Fact]
    public async Task A_retry_with_its_key_gets_the_same_certificate_until_its_identity_is_denied()
    {
        var first = await _parts.IssuedAsync(key: "k");
        Assert.Same(first, await _parts.IssuedAsync(key: "k"));
        Assert.Single(_parts.Log.Records);
        Assert.NotEqual(first.Serial, (await _parts.IssuedAsync()).Serial);

        await _parts.DenyAsync(DenialKind.QuarantinedIdentity, IssuanceParts.Cart);
        Assert.Equal("quarantined", (await _parts.RefusedAsync(key: "k")).Reason);
    }

    [Fact]
    public async Task A_retry_with_its_key_does_not_get_what_a_tainted_CA_signed()
    {
        await using var parts = await IssuanceParts.StartAsync();
        await parts.IssuedAsync(key: "k");
        var tainted = parts.Service.Current!.AuthorityId;
        parts.Silo.Issuers.Swap(parts.Silo.Authority.Snapshot(parts.Now, operationId: "op-2"));
        await parts.DenyAsync(DenialKind.TaintedAuthority, tainted);

        var refused = await parts.RefusedAsync(key: "k");
        Assert.Equal((RefusalCode.Unavailable, "issuer_tainted"), (refused.Code, refused.Reason));
        Assert.NotEqual(tainted, (await parts.IssuedAsync(key: "k2")).IssuerAuthorityId);
    }

    [Fact]
    public async Task A_hundred_calls_at_once_get_a_hundred_certificates_and_records()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => _parts.IssuedAsync())));

        Assert.Equal(100, results.Select(svid => svid.Serial).Distinct().Count());
        Assert.Equal(100, _parts.Log.Records.Count);
    }
}
