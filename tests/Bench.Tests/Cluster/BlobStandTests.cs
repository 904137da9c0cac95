using System.Globalization;
using System.Net;
using System.Xml.Linq;

namespace MeshGrains.Bench.Tests;

/// <summary>The stand-in for the blob service holds to the conditions on which the product's state rests; else a fleet on it would prove nothing.</summary>
public sealed class BlobStandTests : IDisposable
{
    private readonly BlobStand _stand = BlobStand.Start();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        _stand.Dispose();
    }

    [Fact]
    public async Task Of_two_writes_of_a_new_blob_or_over_one_state_the_second_is_refused()
    {
        using var made = await PutAsync("a/b", "one", ("If-None-Match", "*"));
        using var twin = await PutAsync("a/b", "two", ("If-None-Match", "*"));
        using var next = await PutAsync("a/b", "three", ("If-Match", made.Headers.ETag!.Tag));
        using var stale = await PutAsync("a/b", "four", ("If-Match", made.Headers.ETag!.Tag));

        Assert.Equal(
            [HttpStatusCode.Created, HttpStatusCode.Conflict, HttpStatusCode.Created, HttpStatusCode.PreconditionFailed],
            new[] { made, twin, next, stale }.Select(answer => answer.StatusCode));
        Assert.Equal("BlobAlreadyExists", Assert.Single(twin.Headers.GetValues("x-ms-error-code")));
        using var read = await _http.GetAsync(UriOf("a/b"));
        Assert.Equal(("three", next.Headers.ETag!.Tag), (await read.Content.ReadAsStringAsync(), read.Headers.ETag!.Tag));
        Assert.Equal("v", Assert.Single(read.Headers.GetValues("x-ms-meta-k")));
    }

    [Fact]
    public async Task A_blob_that_changed_is_not_removed_and_one_that_is_gone_is_not_found()
    {
        using var made = await PutAsync("a", "one");
        (await PutAsync("a", "two")).Dispose();

        Assert.Equal(HttpStatusCode.PreconditionFailed, await DeleteAsync("a", made.Headers.ETag!.Tag));
        Assert.Equal(HttpStatusCode.Accepted, await DeleteAsync("a", null));
        using var gone = await _http.GetAsync(UriOf("a"));
        Assert.Equal((HttpStatusCode.NotFound, "BlobNotFound"), (gone.StatusCode, Assert.Single(gone.Headers.GetValues("x-ms-error-code"))));
    }

    [Fact]
    public async Task A_listing_goes_through_a_prefix_in_order_page_by_page()
    {
        foreach (var name in new[] { "x/3", "x/1/a", "x/1/b", "y/1", "x/2", "w" })
        {
            (await PutAsync(name, "")).Dispose();
        }

        var first = await ListAsync("prefix=x/&maxresults=3");
        Assert.Equal(["x/1/a", "x/1/b", "x/2"], Names(first, "Blob"));
        Assert.Equal(["x/3"], Names(await ListAsync($"prefix=x/&maxresults=3&marker={first.Root!.Element("NextMarker")!.Value}"), "Blob"));
        Assert.Equal("v", first.Descendants("Metadata").First().Element("k")!.Value);

        var level = await ListAsync("prefix=x/&delimiter=/");
        Assert.Equal(["x/2", "x/3"], Names(level, "Blob"));
        Assert.Equal(["x/1/"], Names(level, "BlobPrefix"));
        Assert.Equal("", level.Root!.Element("NextMarker")!.Value);
        Assert.Empty(Names(await ListAsync("prefix=z"), "Blob"));
    }

    private static string[] Names(XDocument page, string kind) => [.. page.Descendants(kind).Select(item => item.Element("Name")!.Value)];

    private Uri UriOf(string blob) => new(string.Create(CultureInfo.InvariantCulture, $"{_stand.Endpoint}/mesh/{blob}"));

    private async Task<HttpResponseMessage> PutAsync(string blob, string content, params (string Name, string Value)[] conditions)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, UriOf(blob)) { Content = new StringContent(content) };
        request.Headers.Add("x-ms-meta-k", "v");
        foreach (var (name, value) in conditions)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await _http.SendAsync(request);
    }

    private async Task<HttpStatusCode> DeleteAsync(string blob, string? ifMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, UriOf(blob));
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        using var answer = await _http.SendAsync(request);
        return answer.StatusCode;
    }

    private async Task<XDocument> ListAsync(string query) => XDocument.Parse(await _http.GetStringAsync(new Uri($"{_stand.Endpoint}/mesh?restype=container&comp=list&{query}")));
}
