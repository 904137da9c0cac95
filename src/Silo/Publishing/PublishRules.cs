using System.Text.RegularExpressions;
using MeshGrains.Gateway;

namespace MeshGrains.Silo;

/// <summary>What section <c>publish</c> may say. Every error says what to do.</summary>
internal static partial class PublishRules
{
    private const int MaxOutputs = 128;
    private static readonly TimeSpan MaxLag = TimeSpan.FromDays(30);

    public static IEnumerable<string> Check(MeshConfiguration mesh)
    {
        var publish = mesh.Publish;
        return Times(publish).Concat(Names(publish)).Concat(Files(publish)).Concat(ConfigMaps(publish)).Concat(ClusterTrustBundles(publish)).Concat(BlobOutputs.Check(mesh)).Concat(Api(publish));
    }

    private static IEnumerable<string> Times(PublishOptions publish)
    {
        if (publish.Recheck < TimeSpan.FromSeconds(1) || publish.Recheck > TimeSpan.FromHours(24))
        {
            yield return $"publish.recheck is {Durations.Format(publish.Recheck)}; give a time from 1s to 24h.";
        }

        foreach (var (key, lag) in publish.Files.Select(file => (file.Name, file.Lag))
            .Concat(publish.ConfigMaps.Select(map => (map.Name, map.Lag)))
            .Concat(publish.ClusterTrustBundles.Select(bundle => (bundle.Name, bundle.Lag)))
            .Concat(publish.Blobs.Select(blob => (blob.Name, blob.Lag)))
            .Prepend(("", publish.Lag)))
        {
            if (lag is { } given && (given < TimeSpan.Zero || given > MaxLag))
            {
                yield return $"publish: the lag {(key.Length == 0 ? "of all outputs" : $"of '{key}'")} is {Durations.Format(given)}; give a time from 0s to 30d.";
            }
        }
    }

    private static IEnumerable<string> Names(PublishOptions publish)
    {
        var names = publish.Files.Select(file => file.Name)
            .Concat(publish.ConfigMaps.Select(map => map.Name))
            .Concat(publish.ClusterTrustBundles.Select(bundle => bundle.Name))
            .Concat(publish.Blobs.Select(blob => blob.Name))
            .ToArray();
        foreach (var name in names.Where(name => !OutputName().IsMatch(name)).Distinct())
        {
            yield return $"publish: the name '{name}' of an output must be 1 to 63 letters, digits, '-', '_' or '.'.";
        }

        foreach (var name in names.GroupBy(name => name).Where(same => same.Count() > 1).Select(same => same.Key))
        {
            yield return $"publish: two outputs are named '{name}'; metrics and status tell them apart by name, so give each its own.";
        }

        if (names.Length + publish.ConfigMaps.Sum(map => map.Namespaces.Count) > MaxOutputs)
        {
            yield return $"publish: there are more than {MaxOutputs} outputs. For many namespaces take a ClusterTrustBundle.";
        }
    }

    private static IEnumerable<string> Files(PublishOptions publish)
    {
        foreach (var file in publish.Files)
        {
            if (!Path.IsPathFullyQualified(file.Path) || Path.GetFileName(file.Path).Length == 0)
            {
                yield return $"publish.files: the path of '{file.Name}' is '{file.Path}'; give an absolute path of a file.";
            }

            if (BundleTargets.ModeOf(file.Mode) is null)
            {
                yield return $"publish.files: the mode of '{file.Name}' is '{file.Mode}'; give octal permissions such as 0644, with 06 for the owner, nothing to execute, and no right for others to write.";
            }
        }

        foreach (var path in Doubled(publish.Files.Where(file => Path.IsPathFullyQualified(file.Path)).Select(file => Path.GetFullPath(file.Path))))
        {
            yield return $"publish.files: two outputs write to {path}; give each a file of its own.";
        }
    }

    private static IEnumerable<string> ConfigMaps(PublishOptions publish)
    {
        foreach (var map in publish.ConfigMaps)
        {
            if (map.Namespaces.Count == 0)
            {
                yield return $"publish.configMaps: '{map.Name}' names no namespaces; list at least one.";
            }

            foreach (var space in map.Namespaces.Where(space => !Label().IsMatch(space)))
            {
                yield return $"publish.configMaps: '{space}' of '{map.Name}' is no name of a namespace.";
            }

            if (!Subdomain().IsMatch(map.ConfigMap))
            {
                yield return $"publish.configMaps: configMap of '{map.Name}' is '{map.ConfigMap}'; give a name of lowercase letters, digits, '-' and '.'.";
            }

            if (!Key().IsMatch(map.Key))
            {
                yield return $"publish.configMaps: key of '{map.Name}' is '{map.Key}'; give letters, digits, '-', '_' and '.', such as ca.crt.";
            }
        }

        // One object carries one number for all it holds: under two keys by two outputs one of them would be taken for current when it is not.
        foreach (var map in Doubled(publish.ConfigMaps.SelectMany(map => map.Namespaces.Distinct().Select(space => $"{space}/{map.ConfigMap}"))))
        {
            yield return $"publish.configMaps: two outputs write to the ConfigMap {map}; give each one of its own.";
        }

        foreach (var map in publish.ConfigMaps.Where(map => Doubled(map.Namespaces).Any()))
        {
            yield return $"publish.configMaps: '{map.Name}' names the namespace {Doubled(map.Namespaces).First()} twice.";
        }
    }

    private static IEnumerable<string> ClusterTrustBundles(PublishOptions publish)
    {
        foreach (var bundle in publish.ClusterTrustBundles)
        {
            var prefix = bundle.SignerName.Replace('/', ':') + ":";
            if (bundle.SignerName.Length > 0 && !Signer().IsMatch(bundle.SignerName))
            {
                yield return $"publish.clusterTrustBundles: signerName of '{bundle.Name}' is '{bundle.SignerName}'; give DOMAIN/PATH such as mesh.example.org/workloads.";
            }
            else if (bundle.SignerName.Length > 0 ? !bundle.Bundle.StartsWith(prefix, StringComparison.Ordinal) : bundle.Bundle.Contains(':'))
            {
                yield return bundle.SignerName.Length > 0
                    ? $"publish.clusterTrustBundles: bundle of '{bundle.Name}' is '{bundle.Bundle}'; with that signer its name begins with '{prefix}'."
                    : $"publish.clusterTrustBundles: bundle of '{bundle.Name}' is '{bundle.Bundle}'; only the bundle of a signer has a ':' in its name. Set signerName.";
            }
            else if (!Subdomain().IsMatch(bundle.SignerName.Length > 0 ? bundle.Bundle[prefix.Length..] : bundle.Bundle))
            {
                yield return $"publish.clusterTrustBundles: bundle of '{bundle.Name}' is '{bundle.Bundle}'; give a name of lowercase letters, digits, '-' and '.'{(bundle.SignerName.Length > 0 ? $" after '{prefix}'" : "")}.";
            }
        }

        foreach (var bundle in Doubled(publish.ClusterTrustBundles.Select(bundle => bundle.Bundle)))
        {
            yield return $"publish.clusterTrustBundles: two outputs write to {bundle}; give each one of its own.";
        }
    }

    private static IEnumerable<string> Api(PublishOptions publish)
    {
        var api = publish.Kubernetes;
        if (!EndpointAddress.TryParse(api.ApiServer, allowInsecureLoopback: false, out var address) || address.PathAndQuery != "/" || address.Fragment.Length > 0)
        {
            yield return $"publish.kubernetes.apiServer is '{api.ApiServer}'; give an https URL without a path, such as https://kubernetes.default.svc.";
        }

        if (api.Timeout < TimeSpan.FromMilliseconds(100) || api.Timeout > TimeSpan.FromMinutes(1))
        {
            yield return $"publish.kubernetes.timeout is {Durations.Format(api.Timeout)}; give a time from 100ms to 1m.";
        }

        if (publish.ConfigMaps.Count + publish.ClusterTrustBundles.Count == 0)
        {
            yield break;
        }

        if (api.TokenFile.Length == 0 || !File.Exists(api.TokenFile))
        {
            yield return $"publish.kubernetes.tokenFile: {(api.TokenFile.Length == 0 ? "nothing" : api.TokenFile)} does not exist. Mount the service account's token (infra/kubernetes/publishing), or name its file.";
        }

        if (api.CaFile.Length > 0 && !File.Exists(api.CaFile))
        {
            yield return $"publish.kubernetes.caFile: {api.CaFile} does not exist. Name the cluster's CA, or leave it empty for the system's roots.";
        }
    }

    private static IEnumerable<string> Doubled(IEnumerable<string> texts) => texts.GroupBy(text => text).Where(same => same.Count() > 1).Select(same => same.Key);

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}\z", RegexOptions.CultureInvariant)]
    private static partial Regex OutputName();

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Label();

    [GeneratedRegex(@"^(?=.{1,253}\z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Subdomain();

    [GeneratedRegex(@"^(?!\.\.?\z)[A-Za-z0-9._-]{1,253}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Key();

    [GeneratedRegex(@"^(?=.{3,250}\z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+/[A-Za-z0-9._-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Signer();
}
