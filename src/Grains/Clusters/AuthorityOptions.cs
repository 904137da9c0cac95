using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Section <c>authority</c>: the home's API for the other clusters of its trust domain. Nobody is let in who is not listed.</summary>
public sealed class AuthorityOptions
{
    /// <summary>Where silos of role authority listen for member clusters; port 0 takes a free one. Empty, the default: there are none.</summary>
    public string Listen { get; set; } = "";

    /// <summary>
    /// Directory of <c>ca.pem</c>, <c>silo.pem</c> and <c>silo.key</c>: this cluster's certificate of role <c>cluster</c>, and the anchors of the members'.
    /// </summary>
    public string Identity { get; set; } = "";

    /// <summary>The member clusters.</summary>
    public IList<MemberClusterOptions> Clusters { get; init; } = [];

    /// <summary>The member of this name; null when none is listed.</summary>
    public MemberClusterOptions? Find(string cluster) => Clusters.FirstOrDefault(member => member.Name == cluster);
}

internal sealed class AuthorityOptionsValidator(IOptions<TrustDomainOptions> trustDomain) : IValidateOptions<AuthorityOptions>
{
    private const int MaxClusters = 256;

    public ValidateOptionsResult Validate(string? name, AuthorityOptions options)
    {
        var errors = new List<string>();
        if (options.Clusters.Count > MaxClusters)
        {
            errors.Add($"authority.clusters has {options.Clusters.Count} clusters; at most {MaxClusters} are taken.");
        }

        if (options.Clusters.Count > 0 && options.Listen.Length == 0)
        {
            errors.Add("authority.clusters names clusters and authority.listen is empty, so that none could reach this one; give an address such as 0.0.0.0:8445.");
        }

        if (options.Listen.Length > 0 && options.Identity.Length == 0)
        {
            errors.Add("authority.listen is set without authority.identity: 'meshctl bootstrap issue --role cluster' makes the directory.");
        }

        foreach (var twice in options.Clusters.GroupBy(member => member.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            errors.Add($"authority.clusters names '{twice.Key}' {twice.Count()} times; each cluster once.");
        }

        foreach (var member in options.Clusters)
        {
            if (!ClusterPaths.IsName(member.Name))
            {
                errors.Add($"authority.clusters: the name '{member.Name}' must be 1 to 63 letters, digits, '-', '_' or '.'.");
            }
            else if (member.Name == trustDomain.Value.Cluster)
            {
                errors.Add($"authority.clusters: '{member.Name}' is this cluster's own name (key 'cluster'); a member has another.");
            }

            if (member.AllowedPaths.Count == 0)
            {
                errors.Add($"authority.clusters: '{member.Name}' has no allowedPaths and could issue nothing; name them, such as /ns/eu.");
            }

            errors.AddRange(member.AllowedPaths.Select(path => ClusterPaths.Check($"authority.clusters: '{member.Name}': allowedPaths", path)).OfType<string>());
            if (member.SiloCaFile.Length == 0)
            {
                errors.Add($"authority.clusters: '{member.Name}' has no siloCaFile: the ca.pem of that cluster's own bootstrap CA, by which its silos' requests are checked.");
            }
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
