using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>The local operator's REST API over the Unix socket.</summary>
internal sealed class AdminClient : IDisposable
{
    private const int PageSize = 1000;

    private readonly HttpClient _http;

    /// <param name="socketPath">Of a silo's administration socket.</param>
    /// <param name="patience">For one answer; half a minute unless told.</param>
    public AdminClient(string socketPath, TimeSpan? patience = null)
    {
        _http = UnixHttp.Client(socketPath, patience ?? TimeSpan.FromSeconds(30));
        _http.BaseAddress = new Uri("http://localhost/v1/");
    }

    /// <summary>Registers an entry for join tokens; gives its id once the control plane has acknowledged it.</summary>
    /// <exception cref="HttpRequestException">It was refused, or the connection went.</exception>
    public async Task<string> CreateEntryAsync(string spiffeId, CancellationToken cancellationToken)
        => await CreateEntryAsync(new JsonObject { ["spiffeId"] = spiffeId }, cancellationToken);

    /// <summary>Registers an entry for callers of a token issuer; gives its id.</summary>
    /// <exception cref="HttpRequestException">It was refused, or the connection went.</exception>
    public Task<string> CreateEntryAsync(string spiffeId, string source, IEnumerable<string> selectors, CancellationToken cancellationToken)
        => CreateEntryAsync(
            new JsonObject
            {
                ["spiffeId"] = spiffeId,
                ["parentId"] = $"spiffe://{SiloSetup.TrustDomain}/meshgrains/source/{source}",
                ["selectors"] = new JsonArray([.. selectors.Select(selector => JsonValue.Create(selector))]),
            },
            cancellationToken);

    /// <summary>Registers entries for callers of a token issuer in one batch; tells for each whether it is stored, now or before, or else why not.</summary>
    /// <exception cref="HttpRequestException">The whole batch was refused, or the connection went.</exception>
    public async Task<IReadOnlyList<(bool Stored, string Why)>> CreateEntriesAsync(
        IReadOnlyList<(string SpiffeId, string[] Selectors)> entries, string source, CancellationToken cancellationToken)
    {
        var parent = $"spiffe://{SiloSetup.TrustDomain}/meshgrains/source/{source}";
        var items = entries.Select(JsonNode? (entry) => new JsonObject
        {
            ["spiffeId"] = entry.SpiffeId, ["parentId"] = parent, ["selectors"] = new JsonArray([.. entry.Selectors.Select(selector => JsonValue.Create(selector))]),
        });
        using var answer = await PostAsync("entries:batch", new JsonObject { ["entries"] = new JsonArray([.. items]) }, cancellationToken);
        return
        [
            .. answer.RootElement.GetProperty("results").EnumerateArray().Select(result =>
                (result.GetProperty("status").GetString() is "created" or "exists", result.TryGetProperty("detail", out var detail) ? detail.GetString()! : "")),
        ];
    }

    /// <summary>Registers an entry of a node agent's workload; gives its id.</summary>
    /// <exception cref="HttpRequestException">It was refused, or the connection went.</exception>
    public Task<string> CreateAgentEntryAsync(
        string spiffeId, string agentId, string selector, TimeSpan life, IEnumerable<string> dnsNames, CancellationToken cancellationToken)
        => CreateEntryAsync(
            new JsonObject
            {
                ["spiffeId"] = spiffeId,
                ["parentId"] = agentId,
                ["selectors"] = new JsonArray(JsonValue.Create(selector)),
                ["x509SvidTtlSeconds"] = (int)life.TotalSeconds,
                ["dnsNames"] = new JsonArray([.. dnsNames.Select(name => JsonValue.Create(name))]),
            },
            cancellationToken);

    /// <summary>Registers an entry under an agent; gives its id.</summary>
    /// <exception cref="HttpRequestException">It was refused, or the connection went.</exception>
    public Task<string> CreateEntryUnderAsync(string parentId, string spiffeId, string selector, CancellationToken cancellationToken)
        => CreateEntryAsync(new JsonObject { ["spiffeId"] = spiffeId, ["parentId"] = parentId, ["selectors"] = new JsonArray(selector) }, cancellationToken);

    private async Task<string> CreateEntryAsync(JsonObject entry, CancellationToken cancellationToken)
    {
        using var made = await PostAsync("entries", entry, cancellationToken);
        return made.RootElement.GetProperty("id").GetString()!;
    }

    /// <summary>True when the control plane shows the entry.</summary>
    /// <exception cref="HttpRequestException">The connection went.</exception>
    public async Task<bool> ShowsEntryAsync(string id, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync(new Uri($"entries/{id}", UriKind.Relative), cancellationToken);
        return answer.IsSuccessStatusCode;
    }

    public async Task DeleteEntryAsync(string id, CancellationToken cancellationToken)
    {
        using var answer = await _http.DeleteAsync(new Uri($"entries/{id}?reason=drill", UriKind.Relative), cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Makes a join token of an entry.</summary>
    public async Task<string> CreateTokenAsync(string entryId, CancellationToken cancellationToken)
    {
        using var made = await PostAsync("join-tokens", new JsonObject { ["entryId"] = entryId }, cancellationToken);
        return made.RootElement.GetProperty("token").GetString()!;
    }

    /// <summary>The ids of all registration entries.</summary>
    public Task<HashSet<string>> EntryIdsAsync(CancellationToken cancellationToken) => EntriesAsync("id", cancellationToken);

    /// <summary>The identities of all registration entries.</summary>
    public Task<HashSet<string>> EntryIdentitiesAsync(CancellationToken cancellationToken) => EntriesAsync("spiffeId", cancellationToken);

    private async Task<HashSet<string>> EntriesAsync(string member, CancellationToken cancellationToken)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        string? after = null;
        do
        {
            using var page = await GetAsync($"entries?limit={PageSize}" + (after is null ? "" : $"&after={Uri.EscapeDataString(after)}"), cancellationToken);
            ids.UnionWith(page.RootElement.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty(member).GetString()!));
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

    /// <summary>The trust bundle as SPIFFE JSON, its number in it.</summary>
    public Task<string> BundleAsync(CancellationToken cancellationToken) => _http.GetStringAsync(new Uri("bundle", UriKind.Relative), cancellationToken);

    /// <summary>The trust bundle with its number.</summary>
    /// <exception cref="InvalidDataException">What came is none.</exception>
    public async Task<SpiffeBundle> SpiffeBundleAsync(CancellationToken cancellationToken)
        => SpiffeBundle.TryRead(
            Encoding.UTF8.GetBytes(await BundleAsync(cancellationToken)), TrustDomain.Parse(SiloSetup.TrustDomain), out var bundle, out var error)
            ? bundle : throw new InvalidDataException(error);

    /// <summary>What a walk over the whole log found; empty when it is whole.</summary>
    public async Task<IReadOnlyList<string>> VerifyLogAsync(CancellationToken cancellationToken)
    {
        using var found = await GetAsync("issuances/verification", cancellationToken);
        return [.. found.RootElement.GetProperty("findings").EnumerateArray().Select(finding => finding.GetString()!)];
    }

    /// <summary>Quarantines an identity; gives the denial set's number.</summary>
    public async Task<long> QuarantineAsync(string spiffeId, CancellationToken cancellationToken)
    {
        using var receipt = await PostAsync("denials", new JsonObject { ["spiffeId"] = spiffeId, ["reason"] = "drill" }, cancellationToken);
        return receipt.RootElement.GetProperty("number").GetInt64();
    }

    /// <summary>Who and what is denied, in the words of the denial set.</summary>
    public async Task<HashSet<string>> DeniedAsync(CancellationToken cancellationToken)
    {
        using var list = await GetAsync("denials", cancellationToken);
        return [.. list.RootElement.GetProperty("denials").EnumerateArray().Select(denial => denial.GetProperty("subject").GetString()!)];
    }

    /// <summary>From when a number of the denial set holds everywhere; null while that is not known.</summary>
    public async Task<DateTimeOffset?> EffectiveAsync(long number, CancellationToken cancellationToken)
    {
        using var receipt = await GetAsync(string.Create(CultureInfo.InvariantCulture, $"denials/{number}"), cancellationToken);
        return receipt.RootElement.TryGetProperty("effectiveAt", out var at) && at.ValueKind == JsonValueKind.String ? at.GetDateTimeOffset() : null;
    }

    /// <summary>The authority ids of this cluster's issuing CAs.</summary>
    public async Task<HashSet<string>> IssuingCaIdsAsync(CancellationToken cancellationToken)
    {
        using var list = await GetAsync("issuing-cas", cancellationToken);
        return [.. list.RootElement.GetProperty("issuingCas").EnumerateArray().Select(ca => ca.GetProperty("authorityId").GetString()!)];
    }

    /// <summary>Begins a relationship with a foreign trust domain.</summary>
    public async Task FederateAsync(JsonObject relationship, CancellationToken cancellationToken)
        => (await PostAsync("federation", relationship, cancellationToken)).Dispose();

    /// <summary>All relationships by the foreign trust domain's name.</summary>
    public async Task<Dictionary<string, FederationSight>> FederationAsync(CancellationToken cancellationToken)
    {
        using var list = await GetAsync("federation", cancellationToken);
        return list.RootElement.GetProperty("relationships").EnumerateArray().ToDictionary(
            one => one.GetProperty("trustDomain").GetString()!,
            one => new FederationSight(
                one.TryGetProperty("sequence", out var sequence) ? sequence.GetUInt64() : null, one.GetProperty("failures").GetInt32(),
                one.TryGetProperty("failureReason", out var reason) ? reason.GetString() : null));
    }

    /// <summary>What the silo trusts of a foreign trust domain, as a JWK Set.</summary>
    public Task<string> FederatedBundleAsync(string trustDomain, CancellationToken cancellationToken)
        => _http.GetStringAsync(new Uri($"federation/{trustDomain}/bundle", UriKind.Relative), cancellationToken);

    public void Dispose() => _http.Dispose();

    /// <summary>Posts to a path below <c>/v1/</c>.</summary>
    /// <exception cref="HttpRequestException">It was refused, or the connection went.</exception>
    public async Task<JsonDocument> PostAsync(string path, JsonObject content, CancellationToken cancellationToken)
    {
        using var body = new StringContent(content.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri("/v1/" + path, UriKind.Relative), body, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode
            ? JsonDocument.Parse(text)
            : throw new HttpRequestException($"POST {path} was refused with {(int)answer.StatusCode}: {text}", null, answer.StatusCode);
    }

    /// <summary>Reads a path below <c>/v1/</c>.</summary>
    /// <exception cref="HttpRequestException">It was refused, or the connection went.</exception>
    public async Task<JsonDocument> GetAsync(string path, CancellationToken cancellationToken)
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
