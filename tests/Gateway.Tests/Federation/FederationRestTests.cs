using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Federation;

public sealed class FederationRestTests
{
    private static readonly object Body = new
    {
        trustDomain = "other.test", url = "https://b.other.test/", profile = "https_spiffe", endpointSpiffeId = "spiffe://other.test/e", bundle = "{\"keys\":[]}", reason = "why",
    };

    [Fact]
    public async Task A_relationship_is_begun_listed_shown_refreshed_and_ended()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.AdminClient();
        using var begun = await client.PostAsJsonAsync("/v1/federation", Body);
        Assert.Equal(HttpStatusCode.OK, begun.StatusCode);
        Assert.Equal(("other.test", "{\"keys\":[]}"), (host.Grains.Begun!.TrustDomain, System.Text.Encoding.UTF8.GetString(host.Grains.Begun.Bundle!)));

        var list = await client.GetFromJsonAsync<JsonElement>("/v1/federation");
        Assert.Equal("other.test", list.GetProperty("relationships")[0].GetProperty("trustDomain").GetString());
        Assert.Equal(3, (await client.GetFromJsonAsync<JsonElement>("/v1/federation/other.test")).GetProperty("sequence").GetInt32());
        Assert.Equal("{\"keys\":[]}", await client.GetStringAsync("/v1/federation/other.test/bundle"));
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/v1/federation/other.test/refresh", null)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.DeleteAsync("/v1/federation/other.test")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync("/v1/federation/other.test?reason=over")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.DeleteAsync("/v1/federation/other.test?reason=over")).StatusCode);
        Assert.Contains(host.Logs.Lines, line => line.Contains("begin federation on other.test at https://b.other.test/ (https_spiffe); reason: why", StringComparison.Ordinal));
        Assert.Contains(host.Logs.Lines, line => line.Contains("end federation on other.test; reason: over", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("mesh.test", "https://b.test/", "https_web", "federation_invalid")]
    [InlineData("other.test", "http://b.test/", "https_web", "federation_invalid")]
    [InlineData("other.test", "https://b.test/", "https_spiffe", "federation_invalid")]
    [InlineData("configured.test", "https://b.test/", "https_web", "federation_configured")]
    public async Task What_cannot_be_or_is_the_configurations_is_refused(string name, string url, string profile, string reason)
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Federation = options =>
            options.Relationships.Add(new FederationRelationshipOptions { TrustDomain = "configured.test", Url = "https://b.test/", Profile = "https_web" }));
        using var answer = await host.AdminClient().PostAsJsonAsync("/v1/federation", new { trustDomain = name, url, profile, reason = "why" });

        Assert.Equal(reason, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
        Assert.Null(host.Grains.Begun);
    }

    [Fact]
    public async Task Whoever_is_no_admin_begins_and_ends_nothing()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            var rotate = new RoleBindingOptions { SpiffeId = "spiffe://mesh.test/meshgrains/ops" };
            rotate.Roles.Add(OperatorRole.Rotate);
            options.Roles.Add(rotate);
        });
        host.Grains.Relationships["other.test"] = null!;
        var client = host.Client("/meshgrains/ops");

        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsJsonAsync("/v1/federation", Body)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.DeleteAsync("/v1/federation/other.test?reason=x")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Client().GetAsync("/v1/federation")).StatusCode);
    }
}
