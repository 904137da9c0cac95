using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>What section <c>upstream</c> may say. Every error says what to do.</summary>
internal static class UpstreamRules
{
    public static IEnumerable<string> Check(UpstreamOptions options)
    {
        foreach (var (key, path) in new[] { ("certificateFile", options.CertificateFile), ("keyFile", options.KeyFile) })
        {
            if (options.Mode == UpstreamMode.Disk && path.Length == 0)
            {
                yield return $"upstream.{key} is missing: with upstream.mode disk, name the files of the outside CA.";
            }
            else if (options.Mode != UpstreamMode.Disk && path.Length > 0)
            {
                yield return $"upstream.{key} is set, but upstream.mode is {options.Mode.ToString().ToLowerInvariant()}: set it to disk, or leave the file out.";
            }
            else if (path.Length > 0 && !File.Exists(path))
            {
                yield return $"upstream.{key}: {path} does not exist.";
            }
        }
    }

    public static IUpstreamCa Open(UpstreamOptions options) => options.Mode == UpstreamMode.Disk
        ? new DiskUpstreamCa(Path.GetFullPath(options.CertificateFile), Path.GetFullPath(options.KeyFile))
        : new NoUpstreamCa(options.Mode);
}
