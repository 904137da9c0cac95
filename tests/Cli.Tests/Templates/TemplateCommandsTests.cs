using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class TemplateCommandsTests
{
    private const string Pattern = "spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}";

    [Fact]
    public async Task Create_list_and_delete()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", "/v1/templates", Template(), 201);
        mesh.Answer("GET", "/v1/templates", new JsonObject { ["templates"] = new JsonArray(Template()) });
        mesh.Answer("DELETE", "/v1/templates/t1", null, 204);

        var create = await mesh.RunAsync("template", "create", Pattern, "--source", "prod", "--ttl", "1h", "--hint", "web");
        var list = await mesh.RunAsync("template", "list");
        var delete = await mesh.RunAsync("template", "delete", "t1", "--reason", "over");

        Assert.Equal($$"""{"source":"prod","pattern":"{{Pattern}}","x509SvidTtlSeconds":3600,"hint":"web"}""", mesh.Requests[0].Body);
        Assert.Equal(create.Output, list.Output);
        Assert.Contains($"t1 prod   {Pattern} 1h", list.Output, StringComparison.Ordinal);
        Assert.Equal("Deleted template t1.\n", delete.Output);
        Assert.Equal("DELETE /v1/templates/t1?reason=over", mesh.Requests[2].Target);
    }

    private static JsonObject Template() => new()
    {
        ["id"] = "t1", ["source"] = "prod", ["pattern"] = Pattern, ["x509SvidTtlSeconds"] = 3600, ["createdAt"] = "2030-01-01T00:00:00+00:00", ["revision"] = 1,
    };
}
