using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

public sealed class GatewayCertificateIssuerTests : IAsyncLifetime
{
    private const string Named = "spiffe://td.test/meshgrains/gateway/edge";

    private IssuanceParts _parts = null!;
    private GatewayCertificateIssuer _issuer = null!;

    public async Task InitializeAsync()
    {
        _parts = await IssuanceParts.StartAsync();
        _issuer = new GatewayCertificateIssuer(
            _parts.Silo.Issuers, _parts.Silo.Denials, _parts.Log, new CountingSerials(), new SystemRandomSource(), Options.Create(_parts.Options), _parts.Clock);
    }

    public async Task DisposeAsync() => await _parts.DisposeAsync();

    [Fact]
    public async Task A_gateway_gets_a_certificate_that_is_recorded()
    {
        var certificate = await IssueAsync();

        Assert.Equal(Named, certificate.SpiffeId);
        Assert.Equal(certificate.Serial, Assert.Single(_parts.Log.Records).Serial);
    }

    [Fact]
    public async Task A_silo_without_a_lease_gives_gateways_nothing_either()
    {
        _parts.Silo.DenialsFail = () => new IOException("The link is cut.");
        _parts.Clock.Advance(_parts.Silo.DenialOptions.Lease);

        Assert.Equal("denials_stale", (await RefusedAsync()).Reason);
        Assert.Empty(_parts.Log.Records);
    }

    [Fact]
    public async Task A_lease_that_ends_while_the_record_is_written_keeps_the_certificate_back()
    {
        var durable = new TaskCompletionSource();
        _parts.Log.Gate = durable.Task;
        var pending = RefusedAsync();
        await Waiting.UntilAsync(() => _parts.Log.Records.Count == 1, "the record");
        _parts.Silo.DenialsFail = () => new IOException("The link is cut.");
        _parts.Clock.Advance(_parts.Silo.DenialOptions.Lease);
        durable.SetResult();

        Assert.Equal("denials_stale", (await pending).Reason);
    }

    [Fact]
    public async Task A_quarantined_gateway_and_one_whose_silos_CA_is_tainted_get_none()
    {
        await _parts.DenyAsync(DenialKind.QuarantinedIdentity, Named);
        var quarantined = await RefusedAsync();
        Assert.Equal((RefusalCode.PermissionDenied, "quarantined"), (quarantined.Code, quarantined.Reason));

        await _parts.DenyAsync(DenialKind.TaintedAuthority, _parts.Service.Current!.AuthorityId);
        Assert.Equal("not_ready", (await RefusedAsync()).Reason);
        Assert.Empty(_parts.Log.Records);
    }

    private async Task<GatewayCertificate> IssueAsync() => await _issuer.IssueAsync(
        new GatewayCertificateRequest(IssuanceParts.WorkloadSpki, ["gateway.test"], []) { Gateway = "edge" }, default);

    private Task<GrainOperationException> RefusedAsync() => Assert.ThrowsAsync<GrainOperationException>(IssueAsync);
}
