using MeshGrains.Keys;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Section <c>ca</c>: the root authority and the issuing CAs.</summary>
public sealed class CaOptions
{
    /// <summary>Key of a new root: EcdsaP256 (default; relying parties verify it at every handshake), EcdsaP384, Rsa2048, Rsa3072 or Rsa4096.</summary>
    public KeyAlgorithm RootKeyAlgorithm { get; set; } = KeyAlgorithm.EcdsaP256;

    /// <summary>Life of a new root. Default 3650 days.</summary>
    public TimeSpan RootTtl { get; set; } = TimeSpan.FromDays(3650);

    /// <summary>Life of an issuing CA; renewed at half of it. Default 72 h, so that a 24 h leaf always fits.</summary>
    public TimeSpan IssuingCaTtl { get; set; } = TimeSpan.FromHours(72);

    /// <summary>Issuing CAs that one silo may ask for within an hour. Default 12.</summary>
    public int IssuingCaBudgetPerHour { get; set; } = 12;

    /// <summary>
    /// Writes the trust domain as a URI name constraint into roots. Default false: rustls-webpki since 0.103.12 refuses every chain that carries
    /// one, and with it Linkerd and other Rust data planes.
    /// </summary>
    public bool NameConstraints { get; set; }

    /// <summary>The refresh hint published with the trust bundle. Default 5 min.</summary>
    public TimeSpan BundleRefreshHint { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Accepts lives down to 20 s for issuing CAs and 1 s for SVIDs: for drills, never for production. Default false.</summary>
    public bool AllowShortLives { get; set; }
}

internal sealed class CaOptionsValidator : IValidateOptions<CaOptions>
{
    public ValidateOptionsResult Validate(string? name, CaOptions options)
    {
        var errors = new List<string>();
        var shortest = options.AllowShortLives ? TimeSpan.FromSeconds(20) : TimeSpan.FromHours(1);
        if (options.IssuingCaTtl < shortest || options.IssuingCaTtl > TimeSpan.FromDays(366))
        {
            errors.Add($"ca.issuingCaTtl is {options.IssuingCaTtl}; give a time from {shortest} to 366 days (shorter ones need --allow-short-lives).");
        }

        if (options.RootTtl < 4 * options.IssuingCaTtl || options.RootTtl > TimeSpan.FromDays(36_500))
        {
            errors.Add($"ca.rootTtl is {options.RootTtl}; give at least four times ca.issuingCaTtl ({options.IssuingCaTtl}) and at most 100 years.");
        }

        if (options.IssuingCaBudgetPerHour is < 2 or > 100_000)
        {
            errors.Add($"ca.issuingCaBudgetPerHour is {options.IssuingCaBudgetPerHour}; give a number from 2 to 100000.");
        }

        if (options.BundleRefreshHint < TimeSpan.FromSeconds(1) || options.BundleRefreshHint > TimeSpan.FromDays(7))
        {
            errors.Add($"ca.bundleRefreshHint is {options.BundleRefreshHint}; give a time from 1s to 7 days.");
        }

        if (!Enum.IsDefined(options.RootKeyAlgorithm))
        {
            errors.Add($"ca.rootKeyAlgorithm must be one of {string.Join(", ", Enum.GetNames<KeyAlgorithm>())}.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
