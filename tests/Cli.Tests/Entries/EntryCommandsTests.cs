using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class EntryCommandsTests
{
    private const string Cart = "spiffe://mesh.test/cart";

    [Fact]
    public async Task Create_sends_what_was_given_and_nothing_else()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var plain = await mesh.RunAsync("entry", "create", "spiffe://mesh.test/hello");
        var full = await mesh.RunAsync(
            "entry", "create", Cart, "--parent", "spiffe://mesh.test/meshgrains/source/prod", "--selector", "k8s:ns:shop", "--selector", "k8s:sa:cart", "--ttl", "30m",
            "--jwt-ttl", "5m", "--dns", "cart.shop.svc", "--hint", "cart", "--federates-with", "other.test", "--expires-at", "2031-01-31T12:00:00Z");

        Assert.Equal((ExitCode.Done, ExitCode.Done), (plain.ExitCode, full.ExitCode));
        Assert.Equal("""{"spiffeId":"spiffe://mesh.test/hello"}""", mesh.Requests[0].Body);
        Assert.Equal(
            "{\"spiffeId\":\"spiffe://mesh.test/cart\",\"parentId\":\"spiffe://mesh.test/meshgrains/source/prod\",\"selectors\":[\"k8s:ns:shop\",\"k8s:sa:cart\"],"
            + "\"x509SvidTtlSeconds\":1800,\"jwtSvidTtlSeconds\":300,\"dnsNames\":[\"cart.shop.svc\"],\"hint\":\"cart\",\"federatesWith\":[\"other.test\"],"
            + "\"expiresAt\":\"2031-01-31T12:00:00+00:00\"}",
            mesh.Requests[1].Body);
        Assert.Equal("application/json", mesh.Requests[1].ContentType);
        Assert.Contains("spiffe id  spiffe://mesh.test/cart\n", full.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_walks_all_pages()
    {
        await using var mesh = await FakeMesh.StartAsync();
        for (var i = 0; i < 1001; i++)
        {
            mesh.AddEntry($"spiffe://mesh.test/e{i}");
        }

        var run = await mesh.RunAsync("entry", "list", "-o", "json");
        var some = await mesh.RunAsync("entry", "list", "--prefix", "spiffe://mesh.test/e100");

        Assert.Equal(1001, run.Json["entries"]!.AsArray().Count);
        Assert.Equal(["GET /v1/entries?limit=1000", "GET /v1/entries?limit=1000&after=entry-1000"], mesh.Requests.Take(2).Select(request => request.Target));
        Assert.Equal(3, some.Output.TrimEnd().Split('\n').Length);
        Assert.Contains("/meshgrains/join-token", some.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_repeats_a_page_does_not_keep_the_list_forever()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/entries", new JsonObject { ["entries"] = new JsonArray(), ["next"] = "same" });

        var run = await mesh.RunAsync("entry", "list");

        Assert.Equal("There are no entries.\n", run.Output);
        Assert.Equal(2, mesh.Requests.Count);
    }

    [Fact]
    public async Task Update_changes_what_is_given_under_the_revision_that_was_read()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/entries/e1", Entry(7));
        mesh.Answer("PUT", "/v1/entries/e1", Entry(8));

        var run = await mesh.RunAsync("entry", "update", "e1", "--ttl", "10m");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal("\"7\"", mesh.Requests[1].IfMatch);
        var body = mesh.Requests[1].Json;
        Assert.Equal((600, Cart, "cart"), ((int)body["x509SvidTtlSeconds"]!, (string)body["spiffeId"]!, (string)body["hint"]!));
        Assert.Equal(["k8s:ns:shop"], body["selectors"]!.AsArray().Select(selector => (string)selector!));
        Assert.Contains("revision        8\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_and_delete_ask_for_the_entry_by_its_id_however_odd()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/entries/e1", Entry(1));
        mesh.Answer("DELETE", "/v1/entries/e1", null, 204);

        var show = await mesh.RunAsync("entry", "show", "e1");
        var delete = await mesh.RunAsync("entry", "delete", "e1", "--reason", "gone & done");
        var odd = await mesh.RunAsync("entry", "show", "../status?x=1");

        Assert.Contains("selectors       k8s:ns:shop\n", show.Output, StringComparison.Ordinal);
        Assert.Equal("DELETE /v1/entries/e1?reason=gone%20%26%20done", mesh.Requests[1].Target);
        Assert.Equal("Deleted entry e1.\n", delete.Output);
        Assert.Equal(ExitCode.Failed, odd.ExitCode);
        Assert.Contains("not_found", odd.Error, StringComparison.Ordinal);
    }

    private static JsonObject Entry(int revision) => new()
    {
        ["id"] = "e1", ["spiffeId"] = Cart, ["parentId"] = "spiffe://mesh.test/meshgrains/source/prod", ["selectors"] = new JsonArray("k8s:ns:shop"),
        ["hint"] = "cart", ["federatesWith"] = new JsonArray("other.test"), ["createdAt"] = "2030-01-01T00:00:00+00:00", ["revision"] = revision, ["newerField"] = true,
    };
}
