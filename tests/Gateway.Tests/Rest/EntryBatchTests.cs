using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Rest;

public sealed class EntryBatchTests
{
    private const string Path = "/v1/entries:batch";
    private const string Source = "spiffe://mesh.test/meshgrains/source/prod";

    [Fact]
    public async Task Each_entry_of_a_batch_stands_alone_and_gets_a_result_in_its_place()
    {
        await using var host = await GatewayHost.StartAsync();
        var results = await SendAsync(
            host, Entry("a"), Entry("b"), Entry("a"), new { spiffeId = "spiffe://other.test/x" }, new { spiffeId = "spiffe://mesh.test/c", x509SvidTtlSeconds = 86_400 * 300 }, Entry("d"));

        Assert.Equal(["created", "created", "exists", "refused", "refused", "created"], results.Select(result => result.GetProperty("status").GetString()));
        Assert.Equal(results[0].GetProperty("id").GetString(), results[2].GetProperty("id").GetString());
        Assert.Equal(("spiffe_id_foreign", "bad_entry"), (results[3].GetProperty("reason").GetString(), results[4].GetProperty("reason").GetString()));
        Assert.Contains("svid.maxTtl", results[4].GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(["a", "b", "d"], host.Registrations.Entries.Values.Select(entry => entry.SpiffeId[^1..]));
        Assert.All(host.Registrations.Entries.Values, entry => Assert.Equal((1L, Source), (entry.Revision, entry.ParentId)));
        Assert.Equal(HttpStatusCode.OK, (await host.AdminClient().GetAsync($"/v1/entries/{results[5].GetProperty("id").GetString()}")).StatusCode);
    }

    [Fact]
    public async Task The_audit_tells_of_each_entry_that_was_created_and_of_each_refusal()
    {
        await using var host = await GatewayHost.StartAsync();
        var results = await SendAsync(host, Entry("a"), new { spiffeId = "spiffe://other.test/x" });

        var lines = host.Logs.Lines.Where(line => line.Contains("create entry", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, lines.Length);
        Assert.Contains($"{results[0].GetProperty("id").GetString()} spiffe://mesh.test/fleet/a", lines[0], StringComparison.Ordinal);
        Assert.Contains("spiffe_id_foreign", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_failing_store_did_not_take_is_told_as_such()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Registrations.Failing = new IOException("away"));
        var results = await SendAsync(host, Entry("a"), Entry("b"));

        Assert.All(results, result => Assert.Equal(("failed", "store_unavailable"), (result.GetProperty("status").GetString(), result.GetProperty("reason").GetString())));
    }

    [Theory]
    [InlineData("""{"entries":[]}""", "batch_size")]
    [InlineData("""{"entries":[null]}""", "body_malformed")]
    [InlineData("""{"entries":[{"spiffeId":"spiffe://mesh.test/a","parentID":"x"}]}""", "body_malformed")]
    [InlineData("""{}""", "body_malformed")]
    public async Task Odd_batches_are_refused_whole(string body, string reason)
    {
        await using var host = await GatewayHost.StartAsync();
        var reply = await host.AdminClient().PostAsync(Path, new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal(reason, (await reply.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
        Assert.Empty(host.Registrations.Entries);
    }

    [Fact]
    public async Task A_batch_is_bounded_in_entries_and_in_bytes_and_larger_than_other_bodies()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.AdminClient();
        var many = await client.PostAsJsonAsync(Path, new { entries = Enumerable.Range(0, EntryBatches.MaxEntries + 1).Select(i => Entry($"{i}")) });
        Assert.Equal("batch_size", (await many.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
        Assert.Empty(host.Registrations.Entries);

        // 100 entries of some 1,500 bytes: twice what any other request may have.
        Assert.Equal(100, (await SendAsync(host, [.. Enumerable.Range(0, 100).Select(i => Entry($"{i}", new string('x', 1000)))])).Length);

        using var huge = new StringContent($$"""{"entries":[{"spiffeId":"{{new string('x', 1100 * 1024)}}"}]}""", Encoding.UTF8, "application/json");
        HttpStatusCode? status = null;
        try
        {
            status = (await client.PostAsync(Path, huge)).StatusCode;
        }
        catch (HttpRequestException)
        {
            // The connection was closed before all of it was sent, and the answer was lost with it.
        }

        Assert.True(status is null or HttpStatusCode.RequestEntityTooLarge, $"{status}");
        Assert.Equal(100, host.Registrations.Entries.Count);
    }

    private static object Entry(string name, string pod = "x")
        => new { spiffeId = $"spiffe://mesh.test/fleet/{name}", parentId = Source, selectors = new[] { "k8s:ns:shop", $"k8s:pod:{pod}" } };

    private static async Task<JsonElement[]> SendAsync(GatewayHost host, params object[] entries)
    {
        var reply = await host.AdminClient().PostAsJsonAsync(Path, new { entries });
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync());
        return [.. (await reply.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("results").EnumerateArray()];
    }
}
