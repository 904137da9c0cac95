namespace MeshGrains.Grains.Tests;

public sealed class RenewalTests : IAsyncLifetime
{
    private IssuanceParts _parts = null!;
    private IssuedSvid _svid = null!;

    public async Task InitializeAsync()
    {
        _parts = await IssuanceParts.StartAsync();
        _svid = await _parts.IssuedAsync();
    }

    public async Task DisposeAsync() => await _parts.DisposeAsync();

    [Fact]
    public async Task The_holder_of_an_SVID_renews_it_and_the_attestation_stays_the_old_one()
    {
        var attested = _parts.Now;
        _parts.Clock.SetUtcNow(attested + TimeSpan.FromMinutes(30));

        var renewed = await _parts.IssuedAsync(IssuanceParts.Holder(_svid));

        Assert.Equal(_svid.SpiffeId, renewed.SpiffeId);
        var record = _parts.Log.Records.Single(known => known.Serial == renewed.Serial);
        Assert.Equal((attested, "template/template-1"), (record.AttestedAt, record.RegistrationId));
    }

    [Fact]
    public async Task A_certificate_that_the_log_does_not_know_renews_nothing()
    {
        Assert.Equal("unknown_certificate", (await _parts.RefusedAsync(IssuanceParts.Holder(_svid) with { CertificateSerial = "ff" })).Reason);
        Assert.Equal("unknown_certificate", (await _parts.RefusedAsync(IssuanceParts.Holder(_svid) with { CertificateSerial = null })).Reason);
        Assert.Equal("unknown_certificate", (await _parts.RefusedAsync(IssuanceParts.Holder(_svid) with { SpiffeId = "spiffe://td.test/other" })).Reason);
    }

    [Fact]
    public async Task The_last_real_attestation_bounds_all_renewals()
    {
        var attested = _parts.Now;
        _parts.Clock.SetUtcNow(attested + TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        var renewed = await _parts.IssuedAsync(IssuanceParts.Holder(_svid));

        _parts.Clock.SetUtcNow(attested + TimeSpan.FromHours(24));
        var refused = await _parts.RefusedAsync(IssuanceParts.Holder(renewed));

        Assert.Equal((RefusalCode.PermissionDenied, "attestation_too_old"), (refused.Code, refused.Reason));
    }

    [Fact]
    public async Task Without_its_registration_an_identity_is_not_renewed()
    {
        _parts.Registrations.Templates.Clear();

        Assert.Equal("not_registered", (await _parts.RefusedAsync(IssuanceParts.Holder(_svid))).Reason);
    }

    [Fact]
    public async Task A_template_that_was_replaced_renews_only_what_it_still_gives()
    {
        _parts.Registrations.Templates[0] = IssuanceParts.Template("spiffe://{trustDomain}/kube/{k8s.ns}/{k8s.sa}");

        Assert.Equal("not_registered", (await _parts.RefusedAsync(IssuanceParts.Holder(_svid))).Reason);
    }

    [Fact]
    public async Task An_entry_of_another_identity_renews_nothing()
    {
        _parts.Registrations.Entries.Add(IssuanceParts.Entry());
        _parts.Clock.Advance(_parts.Options.RegistrationCacheTtl);
        await Waiting.UntilAsync(() => _parts.Silo.Denials.Fresh is not null, "fresh denials");
        var svid = await _parts.IssuedAsync();
        _parts.Registrations.Entries[0] = IssuanceParts.Entry(spiffeId: "spiffe://td.test/moved");

        Assert.Equal("not_registered", (await _parts.RefusedAsync(IssuanceParts.Holder(svid))).Reason);
    }

    [Fact]
    public async Task A_renewal_is_for_the_same_identity_only()
    {
        Assert.Equal("not_registered", (await _parts.RefusedAsync(IssuanceParts.Holder(_svid), wanted: "spiffe://td.test/other")).Reason);
        Assert.True((await _parts.IssueAsync(IssuanceParts.Holder(_svid), wanted: _svid.SpiffeId)).Succeeded);
    }

    [Fact]
    public async Task A_tainted_issuers_certificate_renews_nothing()
    {
        var holder = IssuanceParts.Holder(_svid);
        var tainted = _parts.Service.Current!.AuthorityId;
        _parts.Silo.Issuers.Swap(_parts.Silo.Authority.Snapshot(_parts.Now, operationId: "op-2"));
        await _parts.DenyAsync(DenialKind.TaintedAuthority, tainted);

        Assert.Equal("issuer_tainted", (await _parts.RefusedAsync(holder)).Reason);
        await _parts.IssuedAsync();
    }

    [Fact]
    public async Task While_holders_replace_theirs_over_a_time_a_tainted_issuers_certificate_renews_still_and_not_longer()
    {
        var holder = IssuanceParts.Holder(_svid);
        var tainted = _parts.Service.Current!.AuthorityId;
        _parts.Silo.Issuers.Swap(_parts.Silo.Authority.Snapshot(_parts.Now, operationId: "op-2"));
        _parts.Silo.Set = DenialDecisions.Add(
            _parts.Silo.Set,
            new Denial(DenialKind.TaintedAuthority, tainted, 0, "test", "operator", _parts.Now, "op") { ReissueOverSeconds = 300 }, 1000);
        await _parts.Silo.PushAsync();

        Assert.True((await _parts.IssueAsync(holder)).Succeeded);
        _parts.Silo.Clock.Advance(TimeSpan.FromSeconds(300) + DenialSnapshot.ReissueSlack);
        await _parts.Silo.PushAsync();
        await _parts.Silo.StartAsync();
        Assert.Equal("issuer_tainted", (await _parts.RefusedAsync(holder)).Reason);
    }

    [Fact]
    public async Task A_quarantined_identity_is_not_renewed()
    {
        await _parts.DenyAsync(DenialKind.QuarantinedIdentity, _svid.SpiffeId);

        Assert.Equal("quarantined", (await _parts.RefusedAsync(IssuanceParts.Holder(_svid))).Reason);
    }
}
