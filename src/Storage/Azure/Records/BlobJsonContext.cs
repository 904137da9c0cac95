using System.Text.Json.Serialization;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>How records that only blob stores have look as JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredIdentity))]
[JsonSerializable(typeof(StoredTemplates))]
[JsonSerializable(typeof(WrappedRecordKey))]
internal sealed partial class BlobJsonContext : JsonSerializerContext;
