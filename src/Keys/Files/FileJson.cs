using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace MeshGrains.Keys.Files;

internal sealed record SealHeader
{
    public string? Format { get; init; }

    public string? Derivation { get; init; }

    public int Iterations { get; init; }

    public byte[]? Salt { get; init; }

    public byte[]? Check { get; init; }
}

internal sealed record SealedKey
{
    public string? Format { get; init; }

    public string? Name { get; init; }

    public string? Version { get; init; }

    public KeyAlgorithm Algorithm { get; init; }

    public KeyPurpose Purpose { get; init; }

    public long CreatedUnixSeconds { get; init; }

    public byte[]? PublicKey { get; init; }

    public byte[]? Sealed { get; init; }
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    UseStringEnumConverter = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(SealHeader))]
[JsonSerializable(typeof(SealedKey))]
internal sealed partial class FileJson : JsonSerializerContext
{
    public static T Read<T>(string path, JsonTypeInfo<T> type)
    {
        var bytes = PrivateFile.Read(path);
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw KeyRules.Invalid($"{path} is empty.");
        }
        catch (JsonException)
        {
            throw KeyRules.Invalid($"{path} is damaged or was tampered with. Restore it from its backup.");
        }
    }
}
