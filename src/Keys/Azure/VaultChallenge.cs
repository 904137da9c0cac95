using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace MeshGrains.Keys.Azure;

/// <summary>
/// What a vault asks of a caller without a token:
/// <c>Bearer authorization="https://login.microsoftonline.com/{tenant}", resource="https://vault.azure.net"</c>.
/// </summary>
internal sealed partial record VaultChallenge(string Tenant, string Scope)
{
    private const int MaxHeaderLength = 4096;

    /// <summary>Reads a challenge and holds it against the host that sent it.</summary>
    /// <remarks>
    /// The host has to end with a dot and the resource's host. Otherwise any endpoint could ask for a token to somebody else's service and keep it.
    /// </remarks>
    public static bool TryRead(string header, string vaultHost, [NotNullWhen(true)] out VaultChallenge? challenge, out string problem)
    {
        challenge = null;
        if (header.Length > MaxHeaderLength || !header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            problem = "it is no Bearer challenge";
            return false;
        }

        string? authorization = null;
        string? resource = null;
        string? scope = null;
        foreach (Match parameter in ParameterPattern().Matches(header))
        {
            var value = parameter.Groups[2].Value;
            switch (parameter.Groups[1].Value.ToLowerInvariant())
            {
                case "authorization" or "authorization_uri":
                    authorization = value;
                    break;
                case "resource":
                    resource = value;
                    break;
                case "scope":
                    scope = value;
                    break;
                default:
                    break;
            }
        }

        const string DefaultScope = "/.default";
        resource ??= scope?.EndsWith(DefaultScope, StringComparison.Ordinal) == true ? scope[..^DefaultScope.Length] : null;
        if (!IsHttps(authorization, out var authority) || TenantOf(authority) is not { } tenant)
        {
            problem = "its authorization names no tenant of an https authority";
            return false;
        }

        if (!IsHttps(resource, out var audience) || audience.AbsolutePath != "/" || !audience.IsDefaultPort || !audience.Host.Contains('.', StringComparison.Ordinal))
        {
            problem = "its resource is no https origin";
            return false;
        }

        if (!vaultHost.EndsWith("." + audience.Host, StringComparison.OrdinalIgnoreCase))
        {
            problem = "its resource does not belong to the vault's host name";
            return false;
        }

        // The audience has to be the bare origin: a trailing slash is another audience to Key Vault (AKV10022).
        challenge = new VaultChallenge(tenant, "https://" + audience.Host + DefaultScope);
        problem = "";
        return true;
    }

    private static bool IsHttps(string? text, [NotNullWhen(true)] out Uri? uri) =>
        Uri.TryCreate(text, UriKind.Absolute, out uri)
        && uri.Scheme == Uri.UriSchemeHttps
        && uri.UserInfo.Length == 0
        && uri.Query.Length == 0
        && uri.Fragment.Length == 0;

    private static string? TenantOf(Uri authority)
    {
        var tenant = authority.AbsolutePath.Split('/')[1];
        return TenantPattern().IsMatch(tenant) ? tenant : null;
    }

    [GeneratedRegex("([A-Za-z_]{1,32})=\"([^\"]*)\"", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterPattern();

    [GeneratedRegex("^[0-9a-zA-Z.-]{1,128}$", RegexOptions.CultureInvariant)]
    private static partial Regex TenantPattern();
}
