using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Section <c>revocation</c>: certificate revocation lists, for relying parties that ask for them. Short lives and agents that drop at once are the answer for
/// everybody else.
/// </summary>
public sealed class RevocationOptions
{
    public const string Section = "revocation";

    /// <summary>Make and serve lists: of each issuing CA, and of each root, which costs a KMS signature now and then. Default off.</summary>
    public bool Crl { get; set; }

    /// <summary>From one list of an issuing CA to the end of its validity; a new one comes at half of it, or at a change. Default 2 h.</summary>
    public TimeSpan CrlLifetime { get; set; } = TimeSpan.FromHours(2);

    /// <summary>The same of a root's list, which the KMS signs. Default 7 d.</summary>
    public TimeSpan RootCrlLifetime { get; set; } = TimeSpan.FromDays(7);
}

internal sealed class RevocationOptionsValidator(IOptions<SvidOptions> svids) : IValidateOptions<RevocationOptions>
{
    public ValidateOptionsResult Validate(string? name, RevocationOptions options)
    {
        var errors = new List<string>();
        if (options.CrlLifetime < TimeSpan.FromMinutes(1) || options.CrlLifetime > TimeSpan.FromDays(7))
        {
            errors.Add($"revocation.crlLifetime is {options.CrlLifetime}; give a time from 1m to 7d.");
        }

        // The last list of a silo that is lost has to hold until what it signed is renewed elsewhere.
        if (options.Crl && options.CrlLifetime < svids.Value.DefaultTtl)
        {
            errors.Add($"revocation.crlLifetime is {options.CrlLifetime}; give at least svid.defaultTtl ({svids.Value.DefaultTtl}), so that the last list of a lost silo holds long enough.");
        }

        if (options.RootCrlLifetime < TimeSpan.FromHours(1) || options.RootCrlLifetime > TimeSpan.FromDays(366))
        {
            errors.Add($"revocation.rootCrlLifetime is {options.RootCrlLifetime}; give a time from 1h to 366d.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
