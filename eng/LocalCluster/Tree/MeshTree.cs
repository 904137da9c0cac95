namespace MeshGrains.LocalCluster;

/// <summary>Where things lie in the working tree that this program was built from.</summary>
public static class MeshTree
{
    /// <summary>The root: <c>MESH_ROOT</c> as <c>./mesh</c> sets it, else the folder above this program that holds the solution.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable("MESH_ROOT") is { Length: > 0 } given ? given : Search(AppContext.BaseDirectory);

    /// <summary>Orleans or Solo: this program lies in <c>artifacts/HOST/bin/PROJECT/release</c>.</summary>
    public static string Host { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent?.Parent?.Parent?.Name is { } name and ("Orleans" or "Solo") ? name : "unknown";

    /// <summary>Runs, published builds and scratch data of this program.</summary>
    public static string Artifacts => Path.Combine(Root, "artifacts");

    /// <summary>The release build of a project's executable.</summary>
    /// <exception cref="FileNotFoundException">It is not built.</exception>
    public static string Program(string project, string executable)
    {
        var path = Path.Combine(Artifacts, Host, "bin", project, "release", executable);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing; run './mesh build' first.");
    }

    private static string Search(string from)
    {
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MeshGrains.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("MeshGrains.sln was not found above this program; set MESH_ROOT to the root of the tree.");
    }
}
