using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeshGrains.Gateway.Rest;

/// <summary>Enums as camelCase words; numbers are refused.</summary>
internal sealed class EnumWords<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
