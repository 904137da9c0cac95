using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Rest;

/// <summary>Reading requests and writing answers, the same way for every resource.</summary>
internal static class RestCall
{
    public const int DefaultPage = 100;
    public const int MaxPage = 1000;
    private const int MaxParameterChars = 2048;

    /// <summary>Reads a JSON body of a known shape. Kestrel bounds its size.</summary>
    /// <exception cref="RefusedException">It is no JSON of that shape; the text says where.</exception>
    public static async ValueTask<T> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type)
        where T : class
    {
        if (!http.Request.HasJsonContentType())
        {
            throw Invalid("content_type", "The body has to be JSON, with 'content-type: application/json'.");
        }

        try
        {
            return await JsonSerializer.DeserializeAsync(http.Request.Body, type, http.RequestAborted)
                ?? throw Invalid("body_malformed", "The body is 'null'; an object is needed.");
        }
        catch (JsonException e)
        {
            // The text of JsonException repeats no values, only names and places.
            var place = e.Path is { Length: > 0 } path ? $" at {path}" : "";
            throw Invalid("body_malformed", $"The body does not have the expected shape{place}: {FirstSentence(e.Message)}");
        }
    }

    public static Task WriteAsync<T>(HttpContext http, JsonTypeInfo<T> type, T value, int status = StatusCodes.Status200OK)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        return JsonSerializer.SerializeAsync(http.Response.Body, value, type, http.RequestAborted);
    }

    /// <summary>A query parameter that may stand at most once; null when it does not.</summary>
    public static string? Query(HttpContext http, string name)
    {
        var values = http.Request.Query[name];
        return values switch
        {
            [] => null,
            [{ Length: > 0 and <= MaxParameterChars } value] => value,
            _ => throw Invalid("parameter_malformed", $"The parameter '{name}' may stand once, with 1 to {MaxParameterChars} characters."),
        };
    }

    /// <summary>Refuses parameters that the endpoint does not know, so that a misspelt filter never becomes no filter.</summary>
    public static void AllowQuery(HttpContext http, params ReadOnlySpan<string> names)
    {
        foreach (var key in http.Request.Query.Keys)
        {
            if (!names.Contains(key))
            {
                throw Invalid(
                    "parameter_unknown",
                    names.IsEmpty ? "No parameters are taken here." : $"There is a parameter that is not known here; known are: {string.Join(", ", names.ToArray())}.");
            }
        }
    }

    public static int Limit(HttpContext http)
        => Number(http, "limit", DefaultPage, MaxPage) is var limit && limit is >= 1 and <= MaxPage
            ? (int)limit
            : throw Invalid("parameter_malformed", $"The parameter 'limit' is a number from 1 to {MaxPage}.");

    public static long? Position(HttpContext http, string name)
        => Query(http, name) is null ? null : Number(http, name, 0, long.MaxValue);

    public static string Route(HttpContext http, string name)
        => http.Request.RouteValues[name] is string { Length: > 0 and <= 256 } value
            ? value
            : throw Invalid("path_malformed", $"The '{name}' in the path has 1 to 256 characters.");

    /// <summary>The revision of <c>If-Match: "7"</c>.</summary>
    public static long Revision(HttpContext http)
    {
        var values = http.Request.Headers.IfMatch;
        if (values is [{ Length: > 2 } tag] && tag[0] == '"' && tag[^1] == '"'
            && long.TryParse(tag.AsSpan(1, tag.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var revision) && revision > 0)
        {
            return revision;
        }

        throw Invalid("if_match_missing", "Changing a record needs 'If-Match' with its revision in quotes, as its 'ETag' gave it: If-Match: \"7\".");
    }

    public static void Tag(HttpContext http, long revision)
        => http.Response.Headers.ETag = $"\"{revision.ToString(CultureInfo.InvariantCulture)}\"";

    [DoesNotReturn]
    public static void Throw(Refusal refusal) => throw new RefusedException(refusal);

    public static RefusedException Invalid(string reason, string message) => new(new Refusal(RefusalCode.InvalidArgument, reason, message));

    public static RefusedException NotFound(string message) => new(new Refusal(RefusalCode.NotFound, "not_found", message));

    private static long Number(HttpContext http, string name, long fallback, long most)
    {
        if (Query(http, name) is not { } text)
        {
            return fallback;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number
            : throw Invalid("parameter_malformed", $"The parameter '{name}' is a whole number up to {most.ToString(CultureInfo.InvariantCulture)}.");
    }

    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(" Path:", StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }
}
