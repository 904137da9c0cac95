using System.Text.Json.Serialization;

namespace MeshGrains.Keys.Azure;

// The bodies of Key Vault's keys API (Azure/azure-rest-api-specs, keyvault/Security.KeyVault.Keys). Bytes are base64url without padding.
internal sealed record CreateKeyBody(
    [property: JsonPropertyName("kty")] string KeyType,
    [property: JsonPropertyName("crv")] string? Curve,
    [property: JsonPropertyName("key_size")] int? KeySize,
    [property: JsonPropertyName("key_ops")] IReadOnlyList<string> Operations,
    [property: JsonPropertyName("tags")] IReadOnlyDictionary<string, string> Tags);

internal sealed record KeyOperationBody(
    [property: JsonPropertyName("alg")] string Algorithm,
    [property: JsonPropertyName("value")] string Value);

internal sealed record KeyOperationReply(
    [property: JsonPropertyName("kid")] string? Id,
    [property: JsonPropertyName("value")] string? Value);

internal sealed record KeyBundleReply(
    [property: JsonPropertyName("key")] JsonWebKeyReply? Key,
    [property: JsonPropertyName("attributes")] KeyAttributesReply? Attributes);

internal sealed record JsonWebKeyReply(
    [property: JsonPropertyName("kid")] string? Id,
    [property: JsonPropertyName("kty")] string? KeyType,
    [property: JsonPropertyName("key_ops")] IReadOnlyList<string>? Operations,
    [property: JsonPropertyName("crv")] string? Curve,
    [property: JsonPropertyName("x")] string? X,
    [property: JsonPropertyName("y")] string? Y,
    [property: JsonPropertyName("n")] string? Modulus,
    [property: JsonPropertyName("e")] string? Exponent);

internal sealed record KeyAttributesReply(
    [property: JsonPropertyName("enabled")] bool? Enabled,
    [property: JsonPropertyName("created")] long? Created);

internal sealed record KeyListReply(
    [property: JsonPropertyName("value")] IReadOnlyList<KeyItemReply>? Value,
    [property: JsonPropertyName("nextLink")] string? NextLink);

internal sealed record KeyItemReply(
    [property: JsonPropertyName("kid")] string? Id,
    [property: JsonPropertyName("attributes")] KeyAttributesReply? Attributes,
    [property: JsonPropertyName("tags")] IReadOnlyDictionary<string, string>? Tags);

internal sealed record ErrorReply([property: JsonPropertyName("error")] ErrorBody? Error);

internal sealed record ErrorBody(
    [property: JsonPropertyName("code")] string? Code,
    [property: JsonPropertyName("innererror")] ErrorBody? Inner);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CreateKeyBody))]
[JsonSerializable(typeof(KeyOperationBody))]
[JsonSerializable(typeof(KeyOperationReply))]
[JsonSerializable(typeof(KeyBundleReply))]
[JsonSerializable(typeof(KeyListReply))]
[JsonSerializable(typeof(ErrorReply))]
internal sealed partial class VaultJson : JsonSerializerContext;
