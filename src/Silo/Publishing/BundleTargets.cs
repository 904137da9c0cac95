using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>Makes the targets that section <c>publish</c> asks for, once <see cref="PublishRules"/> found nothing wrong with it.</summary>
internal static class BundleTargets
{
    /// <summary>Declared lag by default, in refresh hints.</summary>
    private const int LagInHints = 5;

    public static IReadOnlyList<IBundleTarget> Make(MeshConfiguration mesh, TimeProvider time)
    {
        var publish = mesh.Publish;
        var common = publish.Lag ?? mesh.Ca.BundleRefreshHint * LagInHints;
        var targets = new List<IBundleTarget>();
        foreach (var file in publish.Files)
        {
            targets.Add(new FileBundleTarget(file.Name, Path.GetFullPath(file.Path), file.Format, ModeOf(file.Mode)!.Value, file.Lag ?? common, time));
        }

        targets.AddRange(BlobOutputs.Make(mesh, common));
        if (publish.ConfigMaps.Count + publish.ClusterTrustBundles.Count == 0)
        {
            return targets;
        }

        // For as long as the process lives.
        var api = new KubernetesApi(publish.Kubernetes, time);
        targets.AddRange(publish.ConfigMaps.SelectMany(map => map.Namespaces.Select(space => new KubernetesBundleTarget(
            $"{map.Name}/{space}", new ConfigMapKind(space, map.ConfigMap, map.Key, map.Format), api, map.Lag ?? common))));
        targets.AddRange(publish.ClusterTrustBundles.Select(bundle => new KubernetesBundleTarget(
            bundle.Name, new ClusterTrustBundleKind(bundle.Bundle, bundle.SignerName), api, bundle.Lag ?? common)));
        return targets;
    }

    /// <summary>Octal permissions of a file; null when the text is none.</summary>
    internal static UnixFileMode? ModeOf(string text)
    {
        const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        if (text.Length is not (3 or 4) || text.Any(c => c is < '0' or > '7') || (text.Length == 4 && text[0] != '0'))
        {
            return null;
        }

        var mode = (UnixFileMode)Convert.ToInt32(text, 8);
        return (mode & (Execute | UnixFileMode.OtherWrite)) == 0 && mode.HasFlag(UnixFileMode.UserRead | UnixFileMode.UserWrite) ? mode : null;
    }
}
