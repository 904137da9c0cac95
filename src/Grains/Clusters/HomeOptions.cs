using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Section <c>home</c>: makes this cluster a member of a trust domain whose root, bundle and gates another cluster owns. Empty: this cluster is the home.
/// </summary>
public sealed class HomeOptions
{
    /// <summary>Where the home's silos of role authority listen (their <c>authority.listen</c>), <c>host:port</c>. Empty, the default: this is the home.</summary>
    public string Address { get; set; } = "";

    /// <summary>The home cluster's name, which its certificate has to carry. Default <c>main</c>.</summary>
    public string Cluster { get; set; } = "main";

    /// <summary>
    /// Directory of <c>ca.pem</c>, <c>silo.pem</c> and <c>silo.key</c>: this cluster's certificate of role <c>cluster</c>. Needed where silos have the role authority.
    /// </summary>
    public string Identity { get; set; } = "";

    /// <summary>The only paths of the trust domain in which this cluster issues, such as <c>/ns/eu</c>. The home has to allow them.</summary>
    public IList<string> AllowedPaths { get; init; } = [];

    /// <summary>Whether another cluster is the home.</summary>
    public bool IsElsewhere => Address.Length > 0;
}

internal sealed class HomeOptionsValidator(IOptions<TrustDomainOptions> trustDomain, IOptions<AuthorityOptions> authority) : IValidateOptions<HomeOptions>
{
    public ValidateOptionsResult Validate(string? name, HomeOptions options)
    {
        var errors = new List<string>();
        if (!options.IsElsewhere)
        {
            if (options.Identity.Length > 0 || options.AllowedPaths.Count > 0)
            {
                errors.Add("home.identity and home.allowedPaths are a member cluster's: set home.address, or remove them.");
            }

            return Result(errors);
        }

        if (!SiloProof.IsEndpoint(options.Address))
        {
            errors.Add($"home.address: '{options.Address}' is no address; write host:port, such as 'home.mesh.example.org:8445'.");
        }

        if (!ClusterPaths.IsName(options.Cluster))
        {
            errors.Add($"home.cluster '{options.Cluster}' must be 1 to 63 letters, digits, '-', '_' or '.'.");
        }
        else if (options.Cluster == trustDomain.Value.Cluster)
        {
            errors.Add($"home.cluster is '{options.Cluster}', this cluster's own name (key 'cluster'): give each cluster of a trust domain its own.");
        }

        if (authority.Value.Listen.Length > 0 || authority.Value.Clusters.Count > 0)
        {
            errors.Add("home.address makes this cluster a member, and 'authority' makes it a home; a trust domain has one home. Remove one of them.");
        }

        if (options.AllowedPaths.Count == 0)
        {
            errors.Add("home.allowedPaths is empty, so that this cluster could issue nothing; name the paths that the home allows it, such as /ns/eu.");
        }

        errors.AddRange(options.AllowedPaths.Select(path => ClusterPaths.Check("home.allowedPaths", path)).OfType<string>());
        return Result(errors);
    }

    private static ValidateOptionsResult Result(List<string> errors) => errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
}
