using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace MeshGrains.Gateway.Agents;

/// <summary>What counts of an instance-identity document. Its other members are passed over.</summary>
internal sealed record AwsInstanceDocument(string AccountId, string Region, string InstanceId, string? AvailabilityZone, string? ImageId)
{
    private const int MaxChars = 64;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    public static bool TryRead(byte[] json, [NotNullWhen(true)] out AwsInstanceDocument? document)
    {
        document = null;
        try
        {
            using var parsed = JsonDocument.Parse(json, Options);
            if (parsed.RootElement.ValueKind != JsonValueKind.Object || Word(parsed, "accountId") is not { Length: 12 } account || !account.All(char.IsAsciiDigit)
                || Word(parsed, "region") is not { } region || Word(parsed, "instanceId") is not { } instance || !instance.StartsWith("i-", StringComparison.Ordinal))
            {
                return false;
            }

            document = new AwsInstanceDocument(account, region, instance, Word(parsed, "availabilityZone"), Word(parsed, "imageId"));
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Null where it is absent or could not be part of a name.</summary>
    private static string? Word(JsonDocument document, string name) =>
        document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 0 and <= MaxChars } word && word.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? word : null;
}
