using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>What a relationship has to satisfy before anything is fetched; pure.</summary>
public static class FederationRules
{
    /// <summary>The configuration names a file, which is read at start.</summary>
    internal const string CheckedLater = "";

    private const int MaxUrlChars = 2048;
    private const int MaxWebRootChars = 256 * 1024;

    /// <summary>Null when it is fine, else what is wrong and what to do.</summary>
    public static string? Check(PutFederation wanted, string ownTrustDomain)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        if (!TrustDomain.TryParse(wanted.TrustDomain, out _, out var error))
        {
            return $"trustDomain '{wanted.TrustDomain}': {error}";
        }

        if (wanted.TrustDomain == ownTrustDomain)
        {
            return $"trustDomain '{wanted.TrustDomain}' is our own; a relationship is with another one.";
        }

        return CheckUrl(wanted.Url) ?? CheckProfile(wanted);
    }

    /// <summary>The rules of SPIFFE Federation section 5.1 for an endpoint's URL, a redirect's target included.</summary>
    public static string? CheckUrl(string? url) =>
        url is not { Length: > 0 and <= MaxUrlChars } || !Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? $"url: give an https URL of at most {MaxUrlChars} characters."
            : parsed.Scheme != Uri.UriSchemeHttps ? "url: a bundle endpoint is https; anything else is never asked."
            : parsed.UserInfo.Length > 0 ? "url: a bundle endpoint's URL holds no user information; take what stands before the '@' away."
            : parsed.Fragment.Length > 0 ? "url: take the '#' and what follows away."
            : parsed.Host.Length == 0 ? "url: it names no host."
            : null;

    private static string? CheckProfile(PutFederation wanted)
    {
        switch (wanted.Profile)
        {
            case BundleEndpointProfile.Web:
                return wanted.EndpointSpiffeId is not null ? "endpointSpiffeId: only https_spiffe has one."
                    : wanted.WebRoots is null or CheckedLater ? null
                    : wanted.WebRoots.Length > MaxWebRootChars ? $"webRoots: at most {MaxWebRootChars} characters."
                    : PemBundle.TryRead(wanted.WebRoots, out _, out var unreadable) ? null
                    : $"webRoots: {unreadable}";
            case BundleEndpointProfile.Spiffe when wanted.WebRoots is not null:
                return "webRoots: only https_web has them; an https_spiffe endpoint is judged by a trust bundle.";
            case BundleEndpointProfile.Spiffe:
                return SpiffeId.TryParse(wanted.EndpointSpiffeId, out var id, out var error)
                    ? id.Path.Length == 0 ? "endpointSpiffeId needs a path: a bare trust domain is no endpoint." : null
                    : $"endpointSpiffeId '{wanted.EndpointSpiffeId}': {error}";
            default:
                return $"profile '{wanted.Profile}': give https_web or https_spiffe.";
        }
    }
}
