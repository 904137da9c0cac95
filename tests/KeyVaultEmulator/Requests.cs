using System.Text.Json.Serialization;

namespace MeshGrains.KeyVaultEmulator;

internal sealed record CreateRequest(
    [property: JsonPropertyName("kty")] string? KeyType,
    [property: JsonPropertyName("crv")] string? Curve,
    [property: JsonPropertyName("key_size")] int? KeySize,
    [property: JsonPropertyName("key_ops")] List<string>? Operations,
    [property: JsonPropertyName("attributes")] AttributesRequest? Attributes,
    [property: JsonPropertyName("tags")] Dictionary<string, string>? Tags);

internal sealed record AttributesRequest([property: JsonPropertyName("enabled")] bool? Enabled);

internal sealed record UpdateRequest([property: JsonPropertyName("attributes")] AttributesRequest? Attributes);

internal sealed record OperationRequest(
    [property: JsonPropertyName("alg")] string? Algorithm,
    [property: JsonPropertyName("value")] string? Value,
    [property: JsonPropertyName("digest")] string? Digest);

/// <summary>A fault over the control endpoint.</summary>
internal sealed record FaultRequest(EmulatorFault Fault, int Times, string? Operation, int? RetryAfterSeconds);
