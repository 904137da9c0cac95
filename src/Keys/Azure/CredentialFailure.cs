using System.Globalization;
using System.Text.RegularExpressions;
using Azure;
using Azure.Identity;

namespace MeshGrains.Keys.Azure;

/// <summary>
/// Turns a failed sign-in into an error of ours. The libraries' texts quote what the authority answered, and an authority could quote what
/// it was sent; so only the error's code and the HTTP status are taken over.
/// </summary>
internal static partial class CredentialFailure
{
    public static KeyManagerException Describe(Exception failure)
    {
        var status = 0;
        string? code = null;
        var network = false;
        for (var (e, depth) = (failure, 0); e is not null && depth < 8; e = e.InnerException!, depth++)
        {
            code ??= CodePattern().Match(e.Message) is { Success: true } match ? match.Value : null;
            network |= e is HttpRequestException or IOException or System.Net.Sockets.SocketException or OperationCanceledException or TimeoutException;
            status = e switch
            {
                RequestFailedException { Status: > 0 } request => request.Status,
                _ when e.GetType().GetProperty("StatusCode")?.GetValue(e) is int number and > 0 => number,
                _ => status,
            };
        }

        var detail = (status, code) switch
        {
            (0, null) => "",
            (_, null) => string.Create(CultureInfo.InvariantCulture, $" (HTTP {status})"),
            (0, _) => $" ({code})",
            _ => string.Create(CultureInfo.InvariantCulture, $" (HTTP {status}, {code})"),
        };
        if (status is 429 or >= 500 || (network && status == 0))
        {
            return new KeyManagerException(KeyManagerError.Unavailable, $"The token authority cannot be reached or is overloaded{detail}.");
        }

        var what = failure is CredentialUnavailableException
            ? "No Azure credential is available to this process"
            : "The token authority refused this process";
        return new KeyManagerException(
            KeyManagerError.Denied,
            $"{what}{detail}. Check the tenant and client id, the federated token file or client secret, or the managed identity.");
    }

    [GeneratedRegex("AADSTS[0-9]{4,9}", RegexOptions.CultureInvariant)]
    private static partial Regex CodePattern();
}
