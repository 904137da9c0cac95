using System.Net.Http.Json;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>Two control planes of two trust domains that federate by https_spiffe, and a workload of one that is to verify the other's.</summary>
[Collection(nameof(TwoDomains))]
public sealed class FederationTests(TwoDomains domains)
{
    private const string Other = TwoDomains.Other;
    private const string OtherId = $"spiffe://{Other}";
    private static readonly string Own = $"unix:uid:{Me()}";

    [SkippableFact]
    public async Task A_workload_whose_entry_federates_gets_the_foreign_bundle_its_changes_and_its_end_by_push()
    {
        var (stage, other) = (domains.Stage, domains.OtherSilo);
        await stage.StopAgentAsync();
        await stage.Silo.PostAsync(
            "/v1/entries",
            new { spiffeId = $"spiffe://{SiloClient.TrustDomain}/app", parentId = AgentStage.AgentId, selectors = new[] { Own }, federatesWith = new[] { Other } });
        await stage.StartAgentAsync();
        Assert.NotEmpty(await WorkloadClient.FetchAsync(stage.Socket));
        Assert.Empty((await SvidsAsync(stage.Socket)).FederatedBundles);

        // What is given to begin with has the root alone: the rest has to come from the endpoint.
        var published = await PublishedAsync(other);
        var begin = new SpiffeBundle(published.TrustDomain).WithX509Authorities(published.X509Authorities.Select(root => root.Der));
        await stage.Silo.PostAsync("/v1/federation", new
        {
            trustDomain = Other, url = (string)other.Endpoints["federation"]!, profile = "https_spiffe", endpointSpiffeId = $"{OtherId}/meshgrains/gateway",
            bundle = System.Text.Encoding.UTF8.GetString(begin.WriteJwks()), reason = "test",
        });

        await Eventually.HoldsAsync(
            async () => (await SvidsAsync(stage.Socket)).FederatedBundles.GetValueOrDefault(OtherId)?.Span.SequenceEqual(published.X509Authorities[0].Der.Span) == true,
            "the foreign root arrives");
        await Eventually.HoldsAsync(
            async () => (await JwtBundlesAsync(stage.Socket)).Bundles.GetValueOrDefault(OtherId)?.ToStringUtf8().Contains(published.JwtAuthorities[0].KeyId, StringComparison.Ordinal) == true,
            "the foreign JWT keys arrive, which only the endpoint tells of");

        using var deleted = await stage.Silo.Admin.DeleteAsync($"/v1/federation/{Other}?reason=over");
        Assert.True(deleted.IsSuccessStatusCode);
        await Eventually.HoldsAsync(async () => (await SvidsAsync(stage.Socket)).FederatedBundles.Count == 0, "the foreign bundle is withdrawn");
        Assert.DoesNotContain(OtherId, (await JwtBundlesAsync(stage.Socket)).Bundles.Keys);
        await stage.StopAgentAsync();
    }

    /// <summary>With the JWT keys, which come a moment after the root.</summary>
    private static async Task<SpiffeBundle> PublishedAsync(SiloProcess silo)
    {
        SpiffeBundle? bundle = null;
        await Eventually.HoldsAsync(
            async () => SpiffeBundle.TryRead(await silo.Admin.GetByteArrayAsync("/v1/bundle"), TrustDomain.Parse(Other), out bundle, out _) && bundle.JwtAuthorities.Count > 0,
            "the other trust domain publishes JWT keys");
        return bundle!;
    }

    private static Task<X509SVIDResponse> SvidsAsync(string socket) => FirstAsync(socket, "FetchX509SVID", new X509SVIDRequest(), X509SVIDResponse.Parser);

    private static Task<JWTBundlesResponse> JwtBundlesAsync(string socket) => FirstAsync(socket, "FetchJWTBundles", new JWTBundlesRequest(), JWTBundlesResponse.Parser);

    private static async Task<TResponse> FirstAsync<TRequest, TResponse>(string socket, string method, TRequest request, Google.Protobuf.MessageParser<TResponse> parser)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TResponse : class, Google.Protobuf.IMessage<TResponse>
    {
        using var channel = new RpcChannel(new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = socket });
        using var call = channel.ServerStreaming(
            $"/SpiffeWorkloadAPI/{method}", request, parser, new RpcCallOptions { Headers = new RpcMetadata { { CallerSource.SecurityHeader, "true" } } }, CancellationToken.None);
        return (await call.ReadAsync())!;
    }

    private static string Me() => Tool.Run("/usr/bin/id", ["-u"]).Output.Trim();
}
