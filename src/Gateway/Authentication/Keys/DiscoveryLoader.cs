using System.Text.Json;

namespace MeshGrains.Gateway;

/// <summary>
/// A JWK set found by OpenID Connect Discovery 1.0: <c>BASE/.well-known/openid-configuration</c> must name the very issuer that is
/// configured (section 4.3), and its <c>jwks_uri</c> must be https, or loopback where that is allowed.
/// </summary>
internal sealed class DiscoveryLoader(EndpointClient client, string issuer, Uri baseUri, bool allowInsecureLoopback) : IKeyLoader
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    private readonly Uri _document = new(baseUri.AbsoluteUri.TrimEnd('/') + "/.well-known/openid-configuration");

    public string Description => _document.ToString();

    public async Task<VerificationKeySet> LoadAsync(VerificationKeySet previous, CancellationToken cancellationToken)
    {
        var document = await client.GetAsync(_document, JwkSetReader.MaxBytes, cancellationToken).ConfigureAwait(false);
        var jwksUri = ReadJwksUri(document);
        return JwkSetReader.Read(await client.GetAsync(jwksUri, JwkSetReader.MaxBytes, cancellationToken).ConfigureAwait(false), previous);
    }

    private Uri ReadJwksUri(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Options);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Text(root, "issuer") is not { } found)
            {
                throw new SourceUnavailableException($"{_document} names no issuer");
            }

            if (!string.Equals(found, issuer, StringComparison.Ordinal))
            {
                throw new SourceUnavailableException($"{_document} is of the issuer '{found}', not of the configured '{issuer}'");
            }

            return EndpointAddress.TryParse(Text(root, "jwks_uri"), allowInsecureLoopback, out var uri)
                ? uri
                : throw new SourceUnavailableException($"{_document} names no jwks_uri with https");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SourceUnavailableException($"{_document} is no JSON document: {e.Message}", e);
        }
    }

    private static string? Text(JsonElement root, string name)
        => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
