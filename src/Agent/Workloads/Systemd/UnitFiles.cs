namespace MeshGrains.Agent.Workloads.Systemd;

/// <summary>Where the file of a unit lies, in the order in which systemd looks for it; <paramref name="root"/> stands in for <c>/</c>.</summary>
internal sealed class UnitFiles(string root = "/")
{
    private static readonly string[] Folders =
    [
        "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator.early", "/etc/systemd/system",
        "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached", "/run/systemd/generator", "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/generator.late",
    ];

    /// <summary>The path; both of its names where <c>/lib</c> is a link to <c>/usr/lib</c>, since distributions build systemd with either. None for a unit without a file.</summary>
    public IReadOnlyList<string> FragmentPaths(string unit)
    {
        // The unit's own file in any folder comes before its template's.
        foreach (var name in Template(unit) is { } template ? [unit, template] : new[] { unit })
        {
            if (Folders.Select(folder => $"{folder}/{name}").FirstOrDefault(IsThere) is { } path)
            {
                const string Usr = "/usr/lib/", Merged = "/lib/";
                return path.StartsWith(Usr, StringComparison.Ordinal) && new DirectoryInfo(InRoot("/lib")).LinkTarget is { } target && target.TrimStart('/') == "usr/lib"
                    ? [path, string.Concat(Merged, path.AsSpan(Usr.Length))] : [path];
            }
        }

        return [];
    }

    private static string? Template(string unit)
    {
        var (at, dot) = (unit.IndexOf('@', StringComparison.Ordinal), unit.LastIndexOf('.'));
        return at > 0 && dot > at ? string.Concat(unit.AsSpan(0, at + 1), unit.AsSpan(dot)) : null;
    }

    private bool IsThere(string path) => File.Exists(InRoot(path));

    private string InRoot(string path) => Path.Join(root, path);
}
