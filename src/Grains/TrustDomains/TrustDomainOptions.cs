using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Who we are: trust domain, cluster, silo. Top-level keys of the configuration.</summary>
public sealed class TrustDomainOptions
{
    /// <summary>The trust domain's name, such as <c>prod.example.org</c>. Default <c>mesh.local</c>. Never change it under existing state.</summary>
    public string Name { get; set; } = "mesh.local";

    /// <summary>The cluster within the trust domain. Default <c>main</c>.</summary>
    public string Cluster { get; set; } = "main";

    /// <summary>This silo's name, unique in the cluster. Default <c>silo-1</c>.</summary>
    public string Silo { get; set; } = "silo-1";

    /// <summary>
    /// Whether this process signs for workloads, and so asks for an issuing CA. Default true; set from <c>roles</c>, false where <c>issuer</c> is
    /// not among them.
    /// </summary>
    public bool Issues { get; set; } = true;

    /// <summary>
    /// Whether this process takes relayed calls: then <see cref="SiloIdentity.AnnounceRelay"/> is called once its address is known. Default false.
    /// </summary>
    public bool TakesRelayedCalls { get; set; }

    /// <summary>The key of the cluster CA grain.</summary>
    public string ClusterKey => $"{Name}/{Cluster}";
}

internal sealed class TrustDomainOptionsValidator : IValidateOptions<TrustDomainOptions>
{
    public ValidateOptionsResult Validate(string? name, TrustDomainOptions options)
    {
        var errors = new List<string>();
        if (!TrustDomain.TryParse(options.Name, out _, out var error))
        {
            errors.Add($"trustDomain '{options.Name}' is not a SPIFFE trust domain: {error}");
        }

        else if (!TrustDomain.TryParse($"bootstrap.{options.Name}", out _, out _))
        {
            errors.Add($"trustDomain '{options.Name}' is too long: 'bootstrap.' before it must fit too, so {TrustDomain.MaxLength - "bootstrap.".Length} characters at most.");
        }

        if (!IsLabel(options.Cluster))
        {
            errors.Add($"cluster '{options.Cluster}' must be 1 to 63 letters, digits, '-', '_' or '.'.");
        }

        if (!IsLabel(options.Silo))
        {
            errors.Add($"silo '{options.Silo}' must be 1 to 63 letters, digits, '-', '_' or '.'.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static bool IsLabel(string text) =>
        text is { Length: >= 1 and <= 63 } && text is not "." and not ".." && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
