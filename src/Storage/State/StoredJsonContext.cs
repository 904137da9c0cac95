using System.Text.Json.Serialization;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>How stored records look as JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RegistrationEntry))]
[JsonSerializable(typeof(RegistrationTemplate))]
[JsonSerializable(typeof(DenialSet))]
[JsonSerializable(typeof(JoinToken))]
internal sealed partial class StoredJsonContext : JsonSerializerContext;
