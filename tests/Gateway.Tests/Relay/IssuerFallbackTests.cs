using System.Net;
using System.Text.Json.Nodes;
using MeshGrains.Gateway.Relay;
using MeshGrains.Gateway.Serving;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Gateway.Tests.Relay;

/// <summary>A silo without an issuing CA, and the ones that have one.</summary>
public sealed class IssuerFallbackTests : IAsyncDisposable
{
    private readonly TestBootstrap _bootstrap = new();
    private readonly TestCa _ca = TestCa.Create();
    private readonly TestTargets _targets = new();
    private readonly List<GatewayHost> _silos = [];

    [Fact]
    public async Task A_silo_without_a_CA_relays()
    {
        var (without, with) = (await SiloAsync("silo-1"), await SiloAsync("silo-2"));
        without.Issuance.HasCa = false;
        _targets.Addresses = [with.RelayAddress];
        using var reply = await FrontHost.IssueAsync(without.Client("/ns/shop/sa/cart"), token: null);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        var asked = Assert.Single(with.Issuance.Requests);
        Assert.Equal("spiffe://mesh.test/ns/shop/sa/cart", asked.Caller.SpiffeId);
        Assert.Equal(asked.RequestId, Assert.Single(reply.Headers.GetValues("mesh-request-id")));
        Assert.Empty(without.Authenticator.Seen);
        Assert.Equal(0, without.Admission.Inside);
    }

    [Fact]
    public async Task A_silo_that_never_had_a_CA_serves_with_a_certificate_and_a_bundle_from_another()
    {
        var with = await SiloAsync("silo-2");
        _targets.Addresses = [with.RelayAddress];
        var without = await SiloAsync("silo-1", host => host.Issuance.HasCa = false);
        await UntilAsync(() => without.Serving.NotReadyReason is null && without.App.Services.GetRequiredService<IClientTrust>().Bundle is not null);

        Assert.Null(with.Issuance.LastServing!.Gateway);
        using var reply = await FrontHost.IssueAsync(without.Client("/ns/shop/sa/cart"), token: null);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal("spiffe://mesh.test/ns/shop/sa/cart", Assert.Single(with.Issuance.Requests).Caller.SpiffeId);
        using var bundle = await without.Client().GetAsync("/v1/bundle.pem");
        Assert.Equal(_ca.Snapshot.BundlePem, await bundle.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_gateway_leaves_a_silo_out_that_cannot_issue_itself()
    {
        await using var front = await FrontHost.StartAsync(silos: 2);
        front.Silos[0].Issuance.NotReadyReason = "this process has not the role issuer";
        await front.UntilAsync(() => front.App.Services.GetRequiredService<SiloLinks>().Healthy == 1, "one silo is left");
        using var client = front.Client();
        for (var i = 0; i < 8; i++)
        {
            (await FrontHost.IssueAsync(client)).Dispose();
        }

        Assert.Empty(front.Silos[0].Authenticator.Seen);
    }

    [Fact]
    public async Task A_silo_with_a_CA_relays_nothing()
    {
        var (one, two) = (await SiloAsync("silo-1"), await SiloAsync("silo-2"));
        _targets.Addresses = [two.RelayAddress];
        using var reply = await FrontHost.IssueAsync(one.Client());
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Empty(two.Authenticator.Seen);
    }

    [Fact]
    public async Task A_relayed_call_is_never_relayed_again()
    {
        var (one, two) = (await SiloAsync("silo-1"), await SiloAsync("silo-2"));
        foreach (var silo in _silos)
        {
            silo.Issuance.HasCa = false;
            silo.Issuance.Answer = _ => new Refusal(RefusalCode.Unavailable, "not_ready", "no issuing CA");
        }

        _targets.Addresses = [one.RelayAddress, two.RelayAddress];
        using var client = one.Client();
        using var reply = await FrontHost.IssueAsync(client);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
        Assert.Equal("not_ready", (string)JsonNode.Parse(await reply.Content.ReadAsStringAsync())!["reason"]!);

        // At most two attempts, each answered where it went: one at itself over the link, one at the other.
        Assert.InRange(one.Issuance.Requests.Count + two.Issuance.Requests.Count, 1, 2);
    }

    [Fact]
    public async Task When_none_has_a_CA_the_answer_is_unavailable()
    {
        var alone = await SiloAsync("silo-1");
        alone.Issuance.HasCa = false;
        alone.Issuance.Answer = _ => new Refusal(RefusalCode.Unavailable, "not_ready", "no issuing CA", RetryAfter: TimeSpan.FromSeconds(1));
        using var reply = await FrontHost.IssueAsync(alone.Client());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
        Assert.NotNull(reply.Headers.RetryAfter);
    }

    [Fact]
    public async Task Administration_stays_where_it_is()
    {
        var (without, with) = (await SiloAsync("silo-1"), await SiloAsync("silo-2"));
        without.Issuance.HasCa = false;
        _targets.Addresses = [with.RelayAddress];
        using var admin = without.AdminClient();
        using var reply = await admin.GetAsync("/v1/entries");
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal(0, with.Admission.Entered);
    }

    [Fact]
    public async Task The_other_silo_counts_the_caller_by_its_own_address()
    {
        var (without, with) = (await SiloAsync("silo-1"), await SiloAsync("silo-2"));
        without.Issuance.HasCa = false;
        _targets.Addresses = [with.RelayAddress];
        with.Admission.Entry = new Refusal(RefusalCode.ResourceExhausted, "address_rate", "too many");
        using var reply = await FrontHost.IssueAsync(without.Client());
        Assert.Equal(HttpStatusCode.TooManyRequests, reply.StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        _bootstrap.Dispose();
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private async Task<GatewayHost> SiloAsync(string name, Action<GatewayHost>? prepare = null)
    {
        var silo = await GatewayHost.StartAsync(prepare: host =>
        {
            host.Issuance.Ca = _ca;
            host.RelayCredentials = _bootstrap.Issue(BootstrapNames.SiloRole, name);
            host.RelayTargets = _targets;
            prepare?.Invoke(host);
        });
        _silos.Add(silo);
        return silo;
    }
}
