using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace MeshGrains.Bench;

/// <summary>The local operator's REST API over the Unix socket.</summary>
internal sealed class AdminClient : IDisposable
{
    private const int PageSize = 1000;

    private readonly HttpClient _http;

    public AdminClient(string socketPath)
    {
        var endPoint = new UnixDomainSocketEndPoint(socketPath);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(endPoint, cancel);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://localhost/v1/"), Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Registers an entry for join tokens; gives its id once the control plane has acknowledged it.</summary>
    /// <exception cref="HttpRequestException">It was refused, or the connection went.</exception>
    public async Task<string> CreateEntryAsync(string spiffeId, CancellationToken cancellationToken)
    {
        using var body = new StringContent($$"""{"spiffeId":"{{spiffeId}}"}""", Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri("entries", UriKind.Relative), body, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (answer.StatusCode != HttpStatusCode.Created)
        {
            throw new HttpRequestException($"An entry was refused with {(int)answer.StatusCode}: {text}", null, answer.StatusCode);
        }

        using var json = JsonDocument.Parse(text);
        return json.RootElement.GetProperty("id").GetString()!;
    }

    /// <summary>The ids of all registration entries.</summary>
    public async Task<HashSet<string>> EntryIdsAsync(CancellationToken cancellationToken)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        string? after = null;
        do
        {
            using var page = await GetAsync($"entries?limit={PageSize}" + (after is null ? "" : $"&after={Uri.EscapeDataString(after)}"), cancellationToken);
            ids.UnionWith(page.RootElement.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("id").GetString()!));
            after = page.RootElement.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (after is not null);
        return ids;
    }

    /// <summary>Reads the whole issuance log, CA certificates included.</summary>
    public async Task<LogContent> ReadLogAsync(CancellationToken cancellationToken)
    {
        var content = new LogContent();
        long? before = null;
        do
        {
            var position = before is { } number ? "&before=" + number.ToString(CultureInfo.InvariantCulture) : "";
            using var page = await GetAsync($"issuances?limit={PageSize}{position}", cancellationToken);
            foreach (var record in page.RootElement.GetProperty("issuances").EnumerateArray())
            {
                content.Add(UInt128.Parse(record.GetProperty("serial").GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            }

            before = page.RootElement.TryGetProperty("next", out var next) && next.ValueKind == JsonValueKind.Number ? next.GetInt64() : null;
        }
        while (before is not null);
        return content;
    }

    /// <summary>The authority ids of this cluster's issuing CAs.</summary>
    public async Task<HashSet<string>> IssuingCaIdsAsync(CancellationToken cancellationToken)
    {
        using var list = await GetAsync("issuing-cas", cancellationToken);
        return [.. list.RootElement.GetProperty("issuingCas").EnumerateArray().Select(ca => ca.GetProperty("authorityId").GetString()!)];
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonDocument> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            using var reader = new StreamReader(body);
            throw new HttpRequestException($"GET {path}: {(int)answer.StatusCode} {await reader.ReadToEndAsync(cancellationToken)}", null, answer.StatusCode);
        }

        return await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
    }
}
