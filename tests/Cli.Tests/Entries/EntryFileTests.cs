using System.Text.Json.Nodes;
using MeshGrains.Testing;

namespace MeshGrains.Cli.Tests;

public sealed class EntryFileTests : IDisposable
{
    private const string Batch = "/v1/entries:batch";

    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_in_SPIREs_form_is_sent_as_a_batch()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", Batch, Results("created", "exists"));

        var run = await mesh.RunAsync("entry", "create", "--file", Write(
            """
            {"entries":[
              {"selectors":[{"type":"unix","value":"uid:1000"}],"spiffe_id":"spiffe://mesh.test/a","parent_id":"spiffe://mesh.test/node/1","x509_svid_ttl":600,"jwt_svid_ttl":0,
               "dns_names":["a.test"],"federates_with":["spiffe://other.test"],"expires_at":1924992000,"hint":"","admin":false,"entry_id":"x"},
              {"spiffeId":"spiffe://mesh.test/b","selectors":["k8s:ns:shop"],"parentId":"spiffe://mesh.test/node/1"}
            ]}
            """));

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal(
            "{\"entries\":[{\"spiffeId\":\"spiffe://mesh.test/a\",\"parentId\":\"spiffe://mesh.test/node/1\",\"selectors\":[\"unix:uid:1000\"],\"x509SvidTtlSeconds\":600,"
            + "\"dnsNames\":[\"a.test\"],\"federatesWith\":[\"other.test\"],\"expiresAt\":\"2031-01-01T00:00:00+00:00\"},"
            + "{\"spiffeId\":\"spiffe://mesh.test/b\",\"parentId\":\"spiffe://mesh.test/node/1\",\"selectors\":[\"k8s:ns:shop\"]}]}",
            Assert.Single(mesh.Requests).Body);
        Assert.Equal("created       1\nthere before  1\nnot stored    0\n", run.Output);
    }

    [Fact]
    public async Task Many_entries_go_in_batches_of_five_hundred()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var sizes = new List<int>();
        mesh.Answer("POST", Batch, request =>
        {
            sizes.Add(request.Json["entries"]!.AsArray().Count);
            return (200, Results([.. Enumerable.Repeat("created", sizes[^1])]));
        });

        var run = await mesh.RunAsync("entry", "create", "--file", Write(string.Concat(Enumerable.Range(0, 1001).Select(i => $$"""{"spiffeId":"spiffe://mesh.test/{{i}}"}""" + "\n"))), "-o", "json");

        Assert.Equal([500, 500, 1], sizes);
        Assert.Equal((1001, 0), ((int)run.Json["created"]!, (int)run.Json["notStored"]!));
    }

    [Fact]
    public async Task What_is_refused_is_named_by_its_place_and_what_failed_is_sent_again()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var answers = new Queue<JsonNode>([Results("created", "failed", "refused"), Results("created")]);
        mesh.Answer("POST", Batch, _ => (200, answers.Dequeue()));

        var run = await FakeMesh.RunAsync(
            ["entry", "create", "--file", Write("""[{"spiffeId":"spiffe://mesh.test/a"},{"spiffeId":"spiffe://mesh.test/b"},{"spiffeId":"spiffe://mesh.test/c"}]"""), "--data", mesh.Data],
            new HastyTime(mesh.Time.GetUtcNow()));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("created       2\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("entry 3 spiffe://mesh.test/c: because (why)", run.Output, StringComparison.Ordinal);
        Assert.Equal("spiffe://mesh.test/b", (string?)Assert.Single(mesh.Requests[1].Json["entries"]!.AsArray())!["spiffeId"]);
    }

    [Theory]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/a","selector":["x:y"]}""", "Entry 1 of the file is not understood: 'selector' is not known.")]
    [InlineData("""{"spiffe_id":"spiffe://mesh.test/a"}{"spiffe_id":"spiffe://mesh.test/b","admin":true}""", "Entry 2 of the file is not understood: 'admin' is not given")]
    [InlineData("""{"selectors":[]}""", "it has no spiffeId")]
    [InlineData("""{"spiffeId":7}""", "Entry 1 of the file is not understood")]
    [InlineData("[1]", "it is no object")]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/a" """, "is no JSON of entries")]
    public async Task A_file_that_is_not_understood_sends_nothing(string text, string message)
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunAsync("entry", "create", "--file", Write(text));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Empty(mesh.Requests);
    }

    [Theory]
    [InlineData]
    [InlineData("spiffe://mesh.test/a", "--file", "x")]
    [InlineData("--file", "x", "--ttl", "30m")]
    public async Task One_entry_or_a_file_has_to_be_given(params string[] arguments)
    {
        await using var mesh = await FakeMesh.StartAsync();

        Assert.Equal(ExitCode.Usage, (await mesh.RunAsync(["entry", "create", .. arguments])).ExitCode);
        Assert.Empty(mesh.Requests);
    }

    private static JsonObject Results(params string[] statuses) => new()
    {
        ["results"] = new JsonArray([.. statuses.Select(JsonNode (status) => new JsonObject { ["status"] = status, ["id"] = "i", ["reason"] = "why", ["detail"] = "because" })]),
    };

    private string Write(string text)
    {
        var path = _folder.File("entries.json");
        File.WriteAllText(path, text);
        return path;
    }
}
