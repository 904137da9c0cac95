using System.Runtime.CompilerServices;
using System.Text.Json;

namespace MeshGrains.Cli;

/// <summary>
/// Entries in a file: one JSON object after another, a list of them, or SPIRE's <c>{"entries":[…]}</c>. Names are ours (<c>spiffeId</c>,
/// <c>"k8s:ns:shop"</c>) or SPIRE's (<c>spiffe_id</c>, <c>{"type":"k8s","value":"ns:shop"}</c>).
/// </summary>
internal static class EntryFile
{
    /// <summary>One object after another needs no more memory than one of them; a list is held whole.</summary>
    private const long MaxBytes = 2L << 30;

    /// <exception cref="CliException">It cannot be read, or an entry of it cannot be what it says; the text names the entry by its number.</exception>
    public static async IAsyncEnumerable<EntryBody> ReadAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var stream = Open(path);
        var number = 0;
        await using var values = JsonSerializer.DeserializeAsyncEnumerable(stream, ApiJson.Default.JsonElement, topLevelValues: true, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(path, values, number))
        {
            foreach (var entry in EntriesOf(values.Current))
            {
                yield return EntryJson.Read(entry, ++number);
            }
        }
    }

    private static IEnumerable<JsonElement> EntriesOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.EnumerateArray(),
        JsonValueKind.Object when value.TryGetProperty("entries", out var entries) && entries.ValueKind == JsonValueKind.Array => entries.EnumerateArray(),
        _ => [value],
    };

    private static async ValueTask<bool> NextAsync(string path, IAsyncEnumerator<JsonElement> values, int read)
    {
        try
        {
            return await values.MoveNextAsync();
        }
        catch (JsonException malformed)
        {
            throw CliException.Failed($"{path} is no JSON of entries, after {read} of them: {malformed.Message}", malformed);
        }
        catch (IOException failure)
        {
            throw CliException.Failed($"{path} cannot be read: {failure.Message}", failure);
        }
    }

    private static FileStream Open(string path)
    {
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024, FileOptions.SequentialScan);
            if (stream.Length > MaxBytes)
            {
                stream.Dispose();
                throw CliException.Failed($"{path} has more than {MaxBytes} bytes; split it.");
            }

            return stream;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw CliException.Failed($"{path} cannot be read: {failure.Message}", failure);
        }
    }
}
