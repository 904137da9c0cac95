using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// The canonical content of stored records: UTF-8 JSON, members in the order of the record, no white space. Tags are over these bytes. A member
/// that this version does not know is refused, since it would be lost at the next write.
/// </summary>
internal static class StoredJson
{
    public static byte[] Write<T>(T record, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(record, type);

    /// <exception cref="StateFormatException">The content is malformed or of a newer version.</exception>
    public static T Read<T>(string key, ReadOnlySpan<byte> content, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(content, type) ?? throw new StateFormatException($"{key}: the record is empty.");
        }
        catch (JsonException exception)
        {
            throw new StateFormatException($"{key}: this version cannot read the record: {exception.Message}", exception);
        }
    }
}
