using System.Net.Http.Json;
using System.Text.Json;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Rest;

public sealed class TrustTests
{
    private static readonly DateTimeOffset Later = new(2099, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Everyone_who_is_trusted_is_told_with_numbers_lags_and_ends()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one =>
        {
            one.Grains.Holders.AddRange(
                [new("silo-2", "i", 5, null, null), new("silo-1", "i", 7, null, null), new("front", "i", DenialConfirmation.HoldsNoBundle, null, null), new("new", "i", null, null, null)]);
            one.Grains.Agents.AddRange([Agent("a", 7), Agent("b", 6), Agent("gone", 1) with { NotAfter = DateTimeOffset.UnixEpoch }, Agent("out", 1) with { Evicted = true }]);
            one.Grains.Relationships["other.test"] = new FederationView(
                "other.test", "https://other.test/bundle", "https_web", null, false, DateTimeOffset.UnixEpoch, 3, 9, 300,
                [new FederatedRoot("ab", DateTimeOffset.UnixEpoch, Later)], 2, [], null, DateTimeOffset.UnixEpoch, null, null, "timeout", "It was too slow.", 4);
        });

        var trust = await host.AdminClient().GetFromJsonAsync<JsonElement>("/v1/trust");

        Assert.Equal(0, trust.GetProperty("problems").GetArrayLength());
        var domain = trust.GetProperty("domain");
        Assert.Equal((7, "root1", "active"), (domain.GetProperty("bundleNumber").GetInt64(), domain.GetProperty("roots")[0].GetProperty("authorityId").GetString(),
            domain.GetProperty("roots")[0].GetProperty("state").GetString()));
        Assert.True(domain.GetProperty("roots")[0].GetProperty("secondsLeft").GetInt64() < 0);
        Assert.Equal(
            [("k1", "active"), ("k2", null)],
            domain.GetProperty("jwtKeys").EnumerateArray().Select(key => (key.GetProperty("keyId").GetString()!, key.TryGetProperty("state", out var state) ? state.GetString() : null)));
        Assert.Equal(("ca1", 5), (trust.GetProperty("issuingCas")[0].GetProperty("authorityId").GetString(), trust.GetProperty("issuingCas")[0].GetProperty("live").GetInt64()));
        Assert.Equal(
            [("new", null), ("silo-1", 0L), ("silo-2", 2L)],
            trust.GetProperty("silos").EnumerateArray().Select(silo => (silo.GetProperty("silo").GetString()!, silo.TryGetProperty("behind", out var behind) ? behind.GetInt64() : (long?)null)));
        Assert.Equal((2, 1), (trust.GetProperty("agents").GetProperty("live").GetInt64(), trust.GetProperty("agents").GetProperty("behind").GetInt64()));
        var peer = Assert.Single(trust.GetProperty("federated").EnumerateArray());
        Assert.Equal(("other.test", 9, "It was too slow."), (peer.GetProperty("trustDomain").GetString(), peer.GetProperty("sequence").GetInt64(), peer.GetProperty("failure").GetString()));
        Assert.True(peer.GetProperty("lagSeconds").GetInt64() > 0);
    }

    [Fact]
    public async Task What_does_not_answer_is_named_and_the_rest_is_told()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Log.IsAvailable = false);

        var trust = await host.AdminClient().GetFromJsonAsync<JsonElement>("/v1/trust");

        Assert.StartsWith("issuance log:", Assert.Single(trust.GetProperty("problems").EnumerateArray()).GetString(), StringComparison.Ordinal);
        Assert.False(trust.GetProperty("issuingCas")[0].TryGetProperty("live", out _));
        Assert.Equal(7, trust.GetProperty("domain").GetProperty("bundleNumber").GetInt64());
    }

    private static RosteredAgentView Agent(string name, long bundle) =>
        new("spiffe://mesh.test/meshgrains/agent/" + name, "x509pop", "0a", Later, DateTimeOffset.UnixEpoch, bundle, false, null);
}
