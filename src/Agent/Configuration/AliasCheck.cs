using System.Globalization;
using MeshGrains.Identity;

namespace MeshGrains.Agent;

/// <summary>Checks that the trust domains of <c>aliases</c> are kept apart: nothing that proves or trusts for one may be of use in another.</summary>
internal static class AliasCheck
{
    /// <summary>What errors call a trust domain's keys by.</summary>
    public static string Prefix(int domain) => domain == 0 ? "" : $"aliases[{(domain - 1).ToString(CultureInfo.InvariantCulture)}].";

    /// <param name="domains">As <see cref="DomainConfigurations"/> has them, the first trust domain first.</param>
    /// <param name="errors">What is wrong is added.</param>
    public static void Check(IReadOnlyList<AgentConfiguration> domains, List<string> errors)
    {
        if (domains.Count - 1 > AliasOptions.Most)
        {
            errors.Add($"aliases has {domains.Count - 1} members; an agent is in at most {AliasOptions.Most} trust domains beside its first.");
        }

        for (var i = 1; i < domains.Count; i++)
        {
            if (!TrustDomain.TryParse(domains[i].TrustDomain, out _, out var wrong))
            {
                errors.Add($"{Prefix(i)}trustDomain: {wrong}");
            }

            if (domains[i].KeyStore.Mode == KeyStoreOptions.Disk && !Path.IsPathRooted(domains[i].KeyStore.Directory))
            {
                errors.Add($"{Prefix(i)}directory is '{domains[i].KeyStore.Directory}'; give an absolute path, or nothing.");
            }

            for (var j = 0; j < i; j++)
            {
                errors.AddRange(Shared(domains[i], domains[j]).Select(problem => $"{Prefix(i)}{problem}"));
            }
        }
    }

    private static IEnumerable<string> Shared(AgentConfiguration one, AgentConfiguration other)
    {
        if (one.TrustDomain == other.TrustDomain)
        {
            yield return $"trustDomain is {one.TrustDomain}, which is there already; each trust domain is told once, with all its gateways.";
            yield break;
        }

        if (IsSame(one.ControlPlane.TrustBundle, other.ControlPlane.TrustBundle))
        {
            yield return $"controlPlane.trustBundle is that of {other.TrustDomain}; each trust domain has roots of its own.";
        }

        if (one.KeyStore.Mode == KeyStoreOptions.Disk && IsSame(one.KeyStore.Directory, other.KeyStore.Directory))
        {
            yield return $"directory is that of {other.TrustDomain}; give each trust domain its own.";
        }

        // Who takes a bearer token can show it elsewhere.
        if (one.Node.Attestor == "joinToken" && other.Node.Attestor == "joinToken" && IsSame(one.Node.JoinTokenFile, other.Node.JoinTokenFile))
        {
            yield return $"node.joinTokenFile is that of {other.TrustDomain}; a join token is good for one trust domain.";
        }

        if (one.Node.Attestor == "k8s" && other.Node.Attestor == "k8s" && IsSame(one.Node.K8s.TokenFile, other.Node.K8s.TokenFile))
        {
            yield return $"node.k8s.tokenFile is that of {other.TrustDomain}, whose control plane could show the token here; project one with an audience of its own.";
        }
    }

    private static bool IsSame(string path, string other) => path.Length > 0 && other.Length > 0 && Path.GetFullPath(path) == Path.GetFullPath(other);
}
