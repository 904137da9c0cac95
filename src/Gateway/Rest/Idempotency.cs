using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Rest;

/// <summary>The key with which a caller repeats a change that is to be done once.</summary>
internal static class Idempotency
{
    private const string Header = "Idempotency-Key";

    public static RestParameter Parameter { get; } = RestParameter.Header(
        Header, "1 to 64 letters, digits, '-', '_' or '.'; repeating the call with the same key does nothing a second time");

    /// <summary>The caller's key, or else this request's own id.</summary>
    public static string OperationId(HttpContext http) => http.Request.Headers[Header] switch
    {
        [] => AdminContext.OperationId(http),
        [{ Length: > 0 and <= 64 } key] when key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') => key,
        _ => throw RestCall.Invalid("idempotency_key_malformed", $"'{Header}' is one value of 1 to 64 letters, digits, '-', '_' or '.'."),
    };
}
