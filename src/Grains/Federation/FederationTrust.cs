using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>Judges a document as the bundle of one foreign trust domain; pure.</summary>
internal static class FederationTrust
{
    private const int MaxLeftOut = 16;

    /// <summary>The bundle, or a stable word and a sentence why it is refused as a whole.</summary>
    public static (JudgedBundle? Bundle, string Reason, string Message) Judge(ReadOnlySpan<byte> jwks, TrustDomain foreign, TimeSpan skew, DateTimeOffset now)
    {
        if (!SpiffeBundle.TryRead(jwks, foreign, out var published, out var error))
        {
            return (null, "malformed", error);
        }

        var trusted = new List<ReadOnlyMemory<byte>>();
        var leftOut = ImmutableArray.CreateBuilder<string>();
        DateTimeOffset? reviewAt = null;
        foreach (var root in published.X509Authorities)
        {
            // Someone else's CA under this name is an attempt, or a mistake that nobody should live with.
            if (root.UriNames.FirstOrDefault(name => IsOfAnother(name, foreign)) is { } other)
            {
                return (null, "foreign_authority", $"The bundle holds a CA certificate of {Shown(other)}; a bundle of {foreign.Name} holds its own alone.");
            }

            var (why, until) = Check(root, skew, now);
            if (why is null)
            {
                trusted.Add(root.Der);
            }
            else if (leftOut.Count < MaxLeftOut)
            {
                leftOut.Add($"{(root.AuthorityId.Length == 0 ? root.SerialHex : root.AuthorityId)}: {why}");
            }

            reviewAt = until is null || reviewAt < until ? reviewAt : until;
        }

        if (published.X509Authorities.Count > 0 && trusted.Count == 0)
        {
            return (null, "no_usable_root", $"None of the bundle's {published.X509Authorities.Count} CA certificates can be trusted now. {leftOut[0]}");
        }

        return (new JudgedBundle(published, published.WithX509Authorities(trusted), leftOut.ToImmutable(), reviewAt), "", "");
    }

    /// <summary>Why a root is not trusted now, and when that changes.</summary>
    private static (string? Why, DateTimeOffset? Until) Check(ParsedCertificate root, TimeSpan skew, DateTimeOffset now) =>
        !root.IsCa || root.KeyUsage is { } usage && !usage.HasFlag(KeyUsages.KeyCertSign) ? ("it is no CA certificate", null)
            : root.NotAfter + skew <= now ? ($"it ended at {root.NotAfter:u}", null)
            : root.NotBefore - skew > now ? ($"it begins at {root.NotBefore:u}", root.NotBefore - skew)
            : (null, root.NotAfter + skew);

    private static bool IsOfAnother(string uri, TrustDomain foreign) =>
        uri.StartsWith(SpiffeId.SchemePrefix, StringComparison.OrdinalIgnoreCase)
        && !(SpiffeId.TryParse(uri, out var id, out _) && id.TrustDomain == foreign);

    private static string Shown(string uri) => SpiffeId.TryParse(uri, out var id, out _) ? id.TrustDomain.Name : "a SPIFFE ID that cannot be read";
}
