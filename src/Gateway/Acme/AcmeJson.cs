using System.Text.Json.Serialization;

namespace MeshGrains.Gateway.Acme;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, MaxDepth = 16)]
[JsonSerializable(typeof(AcmeDocument))]
[JsonSerializable(typeof(AcmeDirectory))]
[JsonSerializable(typeof(AcmeOrderBody))]
[JsonSerializable(typeof(AcmeAuthorizationBody))]
[JsonSerializable(typeof(AcmeProblem))]
[JsonSerializable(typeof(AcmeRenewalBody))]
internal sealed partial class AcmeJson : JsonSerializerContext;
