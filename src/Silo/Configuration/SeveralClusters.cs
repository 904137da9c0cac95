namespace MeshGrains.Silo;

/// <summary>What the configuration of one of several clusters has to say. Every error says what to do.</summary>
internal static class SeveralClusters
{
    public static IEnumerable<string> Check(MeshConfiguration mesh)
    {
        if (mesh.Home.IsElsewhere && mesh.Home.Identity.Length == 0 && SiloRoles.Of(mesh).Authority)
        {
            yield return "home.address is set without home.identity, and this silo has the role authority, which speaks to the home. "
                + $"Make it: meshctl bootstrap issue --ca DIR --role cluster --silo {mesh.Cluster} --out DIR";
        }

        foreach (var member in mesh.Authority.Clusters.Where(member => member.SiloCaFile.Length > 0 && !File.Exists(member.SiloCaFile)))
        {
            yield return $"authority.clusters: the siloCaFile of '{member.Name}', {member.SiloCaFile}, does not exist.";
        }

        var several = mesh.Home.IsElsewhere || mesh.Authority.Clusters.Count > 0;
        foreach (var source in mesh.Attestation.Kubernetes)
        {
            if (several && source.Cluster.Length == 0)
            {
                yield return $"attestation.kubernetes: '{source.Name}' says no cluster, and this trust domain has several: a token issuer is bound to one. Write cluster: {mesh.Cluster}";
            }
            else if (source.Cluster.Length > 0 && source.Cluster != mesh.Cluster)
            {
                yield return $"attestation.kubernetes: '{source.Name}' is bound to the cluster '{source.Cluster}', and this is '{mesh.Cluster}'. Configure it there alone.";
            }
        }
    }
}
