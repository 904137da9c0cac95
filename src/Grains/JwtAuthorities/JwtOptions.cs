using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Section <c>jwt</c>: JWT-SVIDs and the keys that sign them.</summary>
public sealed class JwtOptions
{
    /// <summary>Whether this cluster issues JWT-SVIDs. Without it no JWT key is made. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Life of a JWT-SVID when its entry does not say otherwise. Default 5 min.</summary>
    public TimeSpan Ttl { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest life of a JWT-SVID, whatever an entry says. Default 1 h.</summary>
    public TimeSpan MaxTtl { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// The OpenID issuer, an https URL at which the gateway is reached: then it answers OpenID discovery, tokens carry it as <c>iss</c>, and keys are
    /// RSA, which clouds ask for. Empty: none of it, and keys are P-256.
    /// </summary>
    public string Issuer { get; set; } = "";

    /// <summary>Life of a signing key; its successor is made at half of it. Default 7 d.</summary>
    public TimeSpan AuthorityTtl { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a successor lies in the trust bundle before it signs. Empty: 24 h with an issuer, five of the bundle's refresh hints without, a quarter of the key's life at most.</summary>
    public TimeSpan? PublishLead { get; set; }

    internal JwtAlgorithm Algorithm => Issuer.Length == 0 ? JwtAlgorithm.ES256 : JwtAlgorithm.RS256;

    internal TimeSpan LeadAfter(TimeSpan refreshHint) =>
        PublishLead ?? Min(Issuer.Length == 0 ? refreshHint * 5 : TimeSpan.FromHours(24), AuthorityTtl / 4);

    /// <summary>How far ahead the highest <c>exp</c> is recorded, beyond the longest life: silos sign this long without asking anybody.</summary>
    internal TimeSpan ReserveAhead => Min(AuthorityTtl / 8, TimeSpan.FromHours(1));

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

internal sealed class JwtOptionsValidator(IOptions<CaOptions> ca) : IValidateOptions<JwtOptions>
{
    public ValidateOptionsResult Validate(string? name, JwtOptions options)
    {
        var errors = new List<string>();
        var (shortest, shortestKey) = ca.Value.AllowShortLives
            ? (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20))
            : (TimeSpan.FromSeconds(30), TimeSpan.FromHours(1));
        if (options.Ttl < shortest || options.Ttl > options.MaxTtl)
        {
            errors.Add($"jwt.ttl is {options.Ttl}; give a time from {shortest} to jwt.maxTtl ({options.MaxTtl}).");
        }

        if (options.MaxTtl > TimeSpan.FromDays(1))
        {
            errors.Add($"jwt.maxTtl is {options.MaxTtl}; give at most 24h: a bearer token cannot be taken back.");
        }

        if (options.AuthorityTtl < shortestKey || options.AuthorityTtl > TimeSpan.FromDays(366))
        {
            errors.Add($"jwt.authorityTtl is {options.AuthorityTtl}; give a time from {shortestKey} to 366 days.");
        }

        var lead = options.LeadAfter(ca.Value.BundleRefreshHint);
        if (lead < TimeSpan.Zero || lead + options.MaxTtl > options.AuthorityTtl / 2)
        {
            errors.Add($"jwt.publishLead ({lead}) and jwt.maxTtl ({options.MaxTtl}) together must fit into half of jwt.authorityTtl ({options.AuthorityTtl}), or a key ends before its successor may sign.");
        }

        if (options.Issuer.Length > 0 && !IsIssuer(options.Issuer))
        {
            errors.Add($"jwt.issuer is '{options.Issuer}'; give an https URL without query, fragment or trailing slash, such as https://id.example.org, or nothing.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    /// <summary>By OpenID Connect Discovery section 3; what follows the host is taken as it stands, for tokens and document have to agree to the letter.</summary>
    private static bool IsIssuer(string text) => text.Length <= 512 && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps
        && url.Host.Length > 0 && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0
        && !text.EndsWith('/') && text.All(c => c is > ' ' and < '\u007f' and not '?' and not '#');
}
