using System.Buffers;
using Microsoft.Net.Http.Headers;

namespace MeshGrains.Rpc.Wire;

/// <summary>Which header names are metadata of the application, and which belong to HTTP or to gRPC itself.</summary>
internal static class MetadataNames
{
    private static readonly SearchValues<char> KeyChars = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz_.-");

    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        HeaderNames.TE, HeaderNames.ContentType, HeaderNames.ContentLength, HeaderNames.Connection, HeaderNames.TransferEncoding,
        HeaderNames.Host, HeaderNames.Upgrade, HeaderNames.KeepAlive, "proxy-connection", HeaderNames.Trailer, HeaderNames.Date, HeaderNames.Server,
    };

    public static bool IsBinary(string key) => key.EndsWith("-bin", StringComparison.OrdinalIgnoreCase);

    /// <summary>True for what the protocol speaks for itself and never shows as metadata.</summary>
    public static bool IsReserved(string key) =>
        key.Length == 0 || key[0] == ':'
        || (key.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase) && !key.Equals(RpcException.StatusDetailsTrailer, StringComparison.OrdinalIgnoreCase))
        || Reserved.Contains(key);

    public static bool IsPrintable(string value) => !value.AsSpan().ContainsAnyExceptInRange(' ', '~');

    public static string Check(string key, bool binary)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        key = key.ToLowerInvariant();
        if (key.AsSpan().ContainsAnyExcept(KeyChars))
        {
            throw new ArgumentException($"'{key}' is no metadata key: only 0-9, a-z, '_', '-' and '.' may stand in one.", nameof(key));
        }

        if (IsReserved(key))
        {
            throw new ArgumentException($"'{key}' is reserved for the protocol.", nameof(key));
        }

        if (IsBinary(key) != binary)
        {
            throw new ArgumentException($"'{key}': bytes go under keys that end in '-bin', text under any other.", nameof(key));
        }

        return key;
    }
}
