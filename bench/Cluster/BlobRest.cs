using System.Net;
using System.Net.Http.Headers;
using System.Xml.Linq;

namespace MeshGrains.Bench;

/// <summary>A blob service over its REST API and an account key, for a drill that changes what lies there behind the silos' backs.</summary>
internal sealed class BlobRest : IDisposable
{
    private const string Version = "2021-12-02";
    private const string MetadataPrefix = "x-ms-meta-";
    private const int MaxAppend = 4 * 1024 * 1024;

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(60) };
    private readonly string _endpoint;
    private readonly string _account;
    private readonly byte[] _key;

    public BlobRest(BlobAddress address)
    {
        _endpoint = address.Endpoint.TrimEnd('/');
        _account = _endpoint[(_endpoint.LastIndexOf('/') + 1)..];
        _key = Convert.FromBase64String(File.ReadAllText(address.KeyFile).Trim());
    }

    /// <summary>The names of all blobs of a container; empty when there is none.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(string container, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        var marker = "";
        do
        {
            using var answer = await SendAsync(
                HttpMethod.Get, $"{container}?restype=container&comp=list&maxresults=5000{(marker.Length == 0 ? "" : "&marker=" + Uri.EscapeDataString(marker))}", null, [],
                cancellationToken, HttpStatusCode.NotFound);
            if (answer.StatusCode == HttpStatusCode.NotFound)
            {
                return names;
            }

            var list = XDocument.Parse(await answer.Content.ReadAsStringAsync(cancellationToken)).Root!;
            names.AddRange(list.Descendants("Blob").Select(blob => blob.Element("Name")!.Value));
            marker = list.Element("NextMarker")?.Value ?? "";
        }
        while (marker.Length > 0);
        return names;
    }

    /// <summary>Null when there is no such blob.</summary>
    public async Task<StoredBlob?> ReadAsync(string container, string name, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, PathOf(container, name), null, [], cancellationToken, HttpStatusCode.NotFound);
        return answer.StatusCode == HttpStatusCode.NotFound
            ? null
            : new StoredBlob(
                container, name, answer.Headers.GetValues("x-ms-blob-type").Single(), answer.Content.Headers.ContentType?.ToString() ?? "application/octet-stream",
                answer.Headers.Where(header => header.Key.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase))
                    .ToDictionary(header => header.Key[MetadataPrefix.Length..], header => header.Value.Single(), StringComparer.Ordinal),
                await answer.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    /// <summary>Everything in a container.</summary>
    public async Task<IReadOnlyList<StoredBlob>> ReadAllAsync(string container, CancellationToken cancellationToken)
    {
        var blobs = new List<StoredBlob>();
        foreach (var name in await ListAsync(container, cancellationToken))
        {
            if (await ReadAsync(container, name, cancellationToken) is { } blob)
            {
                blobs.Add(blob);
            }
        }

        return blobs;
    }

    /// <summary>Puts a blob in the place of whatever lies there, a lease on it broken first.</summary>
    public async Task WriteAsync(StoredBlob blob, CancellationToken cancellationToken)
    {
        await BreakLeaseAsync(blob.Container, blob.Name, cancellationToken);
        var path = PathOf(blob.Container, blob.Name);
        var headers = blob.Metadata.Select(pair => (MetadataPrefix + pair.Key, pair.Value)).Append(("x-ms-blob-type", blob.Type)).ToArray();
        if (blob.Type != StoredBlob.Append)
        {
            (await SendAsync(HttpMethod.Put, path, Body(blob.Content, blob.ContentType), headers, cancellationToken)).Dispose();
            return;
        }

        (await SendAsync(HttpMethod.Put, path, Body([], blob.ContentType), headers, cancellationToken)).Dispose();
        foreach (var part in blob.Content.Chunk(MaxAppend))
        {
            (await SendAsync(HttpMethod.Put, path + "?comp=appendblock", Body(part, "application/octet-stream"), [], cancellationToken)).Dispose();
        }
    }

    /// <summary>Takes a blob away, a lease on it broken first.</summary>
    public async Task DeleteAsync(string container, string name, CancellationToken cancellationToken)
    {
        await BreakLeaseAsync(container, name, cancellationToken);
        (await SendAsync(HttpMethod.Delete, PathOf(container, name), null, [], cancellationToken, HttpStatusCode.NotFound)).Dispose();
    }

    public void Dispose() => _http.Dispose();

    private async Task BreakLeaseAsync(string container, string name, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(
            HttpMethod.Put, PathOf(container, name) + "?comp=lease", Body([], "application/octet-stream"), [("x-ms-lease-action", "break"), ("x-ms-lease-break-period", "0")],
            cancellationToken, HttpStatusCode.Conflict, HttpStatusCode.NotFound);
    }

    private static string PathOf(string container, string name) => $"{container}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}";

    private static ByteArrayContent Body(byte[] bytes, string type)
    {
        var body = new ByteArrayContent(bytes);
        body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return body;
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string pathAndQuery, HttpContent? body, IEnumerable<(string Name, string Value)> headers, CancellationToken cancellationToken,
        params HttpStatusCode[] expected)
    {
        using var request = new HttpRequestMessage(method, $"{_endpoint}/{pathAndQuery}") { Content = body };
        request.Headers.TryAddWithoutValidation("x-ms-version", Version);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        SharedKey.Sign(request, _account, _key, DateTimeOffset.UtcNow);
        var answer = await _http.SendAsync(request, cancellationToken);
        if (answer.IsSuccessStatusCode || expected.Contains(answer.StatusCode))
        {
            return answer;
        }

        using (answer)
        {
            throw new HttpRequestException($"{method} {pathAndQuery}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}", null, answer.StatusCode);
        }
    }
}
