using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Sds;
using MeshGrains.Rpc.Agents;
using MeshGrains.Rpc.Envoy.Discovery;
using MeshGrains.Rpc.Envoy.Tls;

namespace MeshGrains.Agent.Tests.Domains;

/// <summary>What a proxy gets by SDS that has identities in two trust domains.</summary>
public sealed class SecretsTests : IDisposable
{
    private readonly DomainStage _stage = new();

    public SecretsTests()
    {
        _stage.Entry(_stage.New, "web");
        _stage.Entry(_stage.Old, "web");
    }

    private SecretSet Secrets => new(_stage.View, new SdsOptions(), spiffeValidator: true);

    public void Dispose() => _stage.Dispose();

    [Fact]
    public void Identities_and_bundles_have_their_names_and_the_default_ones_are_the_first_trust_domains()
    {
        Assert.Equal(["spiffe://old.mesh/web", "spiffe://new.mesh/web", "spiffe://old.mesh", "spiffe://new.mesh"], Secrets.All);
        Assert.Equal(Read("spiffe://old.mesh/web").TlsCertificate, Read("default").TlsCertificate);
        Assert.NotEqual(Read("spiffe://new.mesh/web").TlsCertificate, Read("default").TlsCertificate);
        Assert.Equal([("old.mesh", OldRoots)], BundlesOf("ROOTCA"));
        Assert.Equal([("new.mesh", NewRoots), ("old.mesh", OldRoots)], BundlesOf("ALL"));
        Assert.Equal([("new.mesh", NewRoots)], BundlesOf("spiffe://new.mesh"));
    }

    [Fact]
    public void The_default_bundle_is_that_of_the_default_identity_whichever_that_is()
    {
        _stage.Old.State.DropExpired(DateTimeOffset.MaxValue);

        Assert.Equal(Read("spiffe://new.mesh/web").TlsCertificate, Read("default").TlsCertificate);
        Assert.Equal([("new.mesh", NewRoots)], BundlesOf("ROOTCA"));
        Assert.Equal([("new.mesh", NewRoots), ("old.mesh", OldRoots)], BundlesOf("ALL"));
    }

    [Fact]
    public async Task A_stream_hears_of_changes_in_either_and_acknowledges_each_to_its_own_control_plane()
    {
        var requests = System.Threading.Channels.Channel.CreateUnbounded<DiscoveryRequest>();
        var responses = System.Threading.Channels.Channel.CreateUnbounded<DiscoveryResponse>();
        using var ending = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var session = new SecretSession(_stage.Caller, _stage.Node, new AgentConfiguration(), _stage.Clues.Metrics, new FakeTimeProvider(), _stage.Clues);
        var serving = new SecretStream(session, _stage.Node).ServeAsync(
            async token => await requests.Reader.ReadAsync(token), response => responses.Writer.WriteAsync(response, ending.Token), ending.Token);
        await requests.Writer.WriteAsync(new DiscoveryRequest { ResourceNames = { "ALL" } });
        var first = await responses.Reader.ReadAsync(ending.Token);
        await AcknowledgeAsync(first);

        _stage.New.State.Apply(new AgentUpdate { Bundles = { _stage.NewCa.Wire(2) } });
        var second = await responses.Reader.ReadAsync(ending.Token);
        Assert.NotEqual(first.Resources, second.Resources);
        Assert.Equal((0, 0), (_stage.New.Consumers.Lowest(2), _stage.Old.Consumers.Lowest(0)));
        await AcknowledgeAsync(second);
        await Kit.Eventually.HoldsAsync(() => _stage.New.Consumers.Lowest(2) == 2, "the new one's bundle is acknowledged");

        _stage.Old.State.Apply(new AgentUpdate { Bundles = { _stage.OldCa.Wire(5) } });
        await AcknowledgeAsync(await responses.Reader.ReadAsync(ending.Token));
        await Kit.Eventually.HoldsAsync(() => _stage.Old.Consumers.Lowest(5) == 5, "the old one's bundle is acknowledged");
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
        Assert.Equal((0, 0), (_stage.Old.Consumers.Count, _stage.New.Consumers.Count));

        async Task AcknowledgeAsync(DiscoveryResponse taken) =>
            await requests.Writer.WriteAsync(new DiscoveryRequest { ResourceNames = { "ALL" }, ResponseNonce = taken.Nonce, VersionInfo = taken.VersionInfo });
    }

    private string OldRoots => _stage.Old.State.Current.OwnBundle!.Pem;

    private string NewRoots => _stage.New.State.Current.OwnBundle!.Pem;

    private Secret Read(string name) => Secrets.Find(name)!.Unpack<Secret>();

    private IEnumerable<(string Name, string Roots)> BundlesOf(string name) =>
        Read(name).ValidationContext.CustomValidatorConfig.TypedConfig.Unpack<SPIFFECertValidatorConfig>().TrustDomains
            .Select(domain => (domain.Name, domain.TrustBundle.InlineBytes.ToStringUtf8()));
}
