using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MeshGrains.Bench;

/// <summary>Azure Storage's Shared Key authorization of one request.</summary>
internal static class SharedKey
{
    private const string Date = "x-ms-date";

    /// <summary>Dates and signs the request. Its body's length must be known.</summary>
    public static void Sign(HttpRequestMessage request, string account, byte[] key, DateTimeOffset now)
    {
        request.Headers.TryAddWithoutValidation(Date, now.UtcDateTime.ToString("R", CultureInfo.InvariantCulture));
        var signature = Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(StringToSign(request, account))));
        request.Headers.TryAddWithoutValidation("Authorization", $"SharedKey {account}:{signature}");
    }

    /// <summary>The text that is signed; of the standard headers only those that these requests have are filled in.</summary>
    internal static string StringToSign(HttpRequestMessage request, string account)
    {
        var length = request.Content?.Headers.ContentLength is > 0 and var bytes ? bytes.ToString(CultureInfo.InvariantCulture) : "";
        var type = request.Content?.Headers.ContentType?.ToString() ?? "";
        var match = request.Headers.TryGetValues("If-Match", out var tags) ? tags.Single() : "";
        var headers = request.Headers.Concat(request.Content is { } content ? content.Headers : [])
            .Where(header => header.Key.StartsWith("x-ms-", StringComparison.OrdinalIgnoreCase))
            .Select(header => (Name: header.Key.ToLowerInvariant(), Value: string.Join(',', header.Value).Trim()))
            .OrderBy(header => header.Name, StringComparer.Ordinal)
            .Select(header => $"{header.Name}:{header.Value}\n");
        return $"{request.Method}\n\n\n{length}\n\n{type}\n\n\n{match}\n\n\n\n{string.Concat(headers)}{Resource(request.RequestUri!, account)}";
    }

    private static string Resource(Uri uri, string account)
    {
        var parameters = uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2))
            .Select(pair => (Name: Uri.UnescapeDataString(pair[0]).ToLowerInvariant(), Value: Uri.UnescapeDataString(pair.Length > 1 ? pair[1] : "")))
            .OrderBy(pair => pair.Name, StringComparer.Ordinal)
            .Select(pair => $"\n{pair.Name}:{pair.Value}");
        return $"/{account}{uri.AbsolutePath}{string.Concat(parameters)}";
    }
}
