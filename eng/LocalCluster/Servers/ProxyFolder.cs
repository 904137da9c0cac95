namespace MeshGrains.LocalCluster;

internal static class ProxyFolder
{
    /// <summary>Debian puts proxies where only root's PATH leads.</summary>
    private const string SystemPrograms = "/usr/sbin";

    public static string? Find(string program) =>
        ChildProcess.Find(program) ?? (Path.Combine(SystemPrograms, program) is var path && File.Exists(path) ? path : null);
}
