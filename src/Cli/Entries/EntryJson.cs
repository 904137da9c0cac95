using System.Text.Json;

namespace MeshGrains.Cli;

/// <summary>One entry of a file, under our names or SPIRE's. Names that neither knows are refused, so that a misspelt one is never left out.</summary>
internal static class EntryJson
{
    private const string Scheme = "spiffe://";

    /// <exception cref="CliException">A member is unknown, not of its shape, or asks for what there is not here.</exception>
    public static EntryBody Read(JsonElement entry, int number)
    {
        try
        {
            if (entry.ValueKind != JsonValueKind.Object)
            {
                throw new FormatException("it is no object");
            }

            var body = new EntryBody("");
            foreach (var member in entry.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null))
            {
                body = With(body, member.Name, member.Value);
            }

            return body.SpiffeId.Length > 0 ? body : throw new FormatException("it has no spiffeId");
        }
        catch (Exception wrong) when (wrong is FormatException or InvalidOperationException)
        {
            throw CliException.Failed($"Entry {number} of the file is not understood: {wrong.Message}.", wrong);
        }
    }

    private static EntryBody With(EntryBody body, string name, JsonElement value) => name switch
    {
        "spiffeId" or "spiffe_id" => body with { SpiffeId = value.GetString()! },
        "parentId" or "parent_id" => body with { ParentId = value.GetString() },
        "selectors" => body with { Selectors = [.. value.EnumerateArray().Select(Selector)] },
        "x509SvidTtlSeconds" or "x509_svid_ttl" or "ttl" => body with { X509SvidTtlSeconds = Seconds(value) ?? body.X509SvidTtlSeconds },
        "jwtSvidTtlSeconds" or "jwt_svid_ttl" => body with { JwtSvidTtlSeconds = Seconds(value) },
        "dnsNames" or "dns_names" => body with { DnsNames = Texts(value) },
        "hint" => body with { Hint = value.GetString() is { Length: > 0 } hint ? hint : null },
        "federatesWith" or "federates_with" => body with
        {
            FederatesWith = [.. Texts(value).Select(domain => domain.StartsWith(Scheme, StringComparison.Ordinal) ? domain[Scheme.Length..] : domain)],
        },
        "expiresAt" => body with { ExpiresAt = value.GetDateTimeOffset() },
        "expires_at" or "entryExpiry" => body with { ExpiresAt = value.GetInt64() is > 0 and var at ? DateTimeOffset.FromUnixTimeSeconds(at) : null },
        // An id, a revision and a day of creation are the control plane's to give.
        "id" or "entry_id" or "revision" or "revision_number" or "createdAt" or "created_at" => body,
        "admin" or "downstream" or "store_svid" => value.GetBoolean() ? throw new FormatException($"'{name}' is not given through entries here; leave it out") : body,
        _ => throw new FormatException($"'{name}' is not known"),
    };

    private static string Selector(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : $"{value.GetProperty("type").GetString()}:{value.GetProperty("value").GetString()}";

    private static string[] Texts(JsonElement value) => [.. value.EnumerateArray().Select(text => text.GetString() ?? throw new FormatException("a list holds a null"))];

    /// <summary>SPIRE writes 0 for the default.</summary>
    private static int? Seconds(JsonElement value) => value.GetInt32() is var seconds and not 0 ? seconds : null;
}
