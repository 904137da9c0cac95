namespace MeshGrains.LocalCluster;

/// <summary>What a newcomer needs after the start of a cluster.</summary>
internal static class Greeting
{
    public static void Print(TextWriter output, ClusterFolder folder, ClusterStatus status)
    {
        var shown = Path.GetRelativePath(Environment.CurrentDirectory, folder.Root);
        var data = shown.StartsWith("..", StringComparison.Ordinal) ? folder.Root : shown;
        var where = data == ClusterCommand.DefaultData ? "" : $" --data {data}";
        output.WriteLine();
        StatusTable.Print(output, status, DateTimeOffset.UtcNow);
        output.WriteLine($"""

              trust bundle   {folder.BundlePem}   (SPIFFE JWKS: {folder.BundleJson})
              logs           {Path.GetDirectoryName(folder.Log("x"))}
              root key       {(Directory.EnumerateFiles(folder.Keys).Any() ? $"sealed files in {folder.Keys}   NOT FOR PRODUCTION: give --keys azurekms:… or pkcs11:…" : "in the key manager that was given")}

            Get the first certificate:
              {ClusterCommand.Line($"ctl svid fetch --data {data} spiffe://{status.TrustDomain}/hello --out hello")}

            Scale, look, stop:
              {ClusterCommand.Line($"cluster scale{where} {status.Silos.Count + 1}")}
              {ClusterCommand.Line($"cluster status{where}")}
              {ClusterCommand.Line($"cluster down{where}")}

            """);
    }
}
