namespace MeshGrains.Infra.Tests;

/// <summary>Files of the repository that these tests were built from.</summary>
internal static class Tree
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    public static string At(string path) => Path.Combine(Root, path);

    public static string Read(string path) => File.ReadAllText(At(path));

    /// <summary>A program of this build, such as <c>meshctl</c> of the project Cli.</summary>
    public static string Program(string project, string name) =>
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", project, new DirectoryInfo(AppContext.BaseDirectory).Name, name));

    private static string Find(string from)
    {
        for (var directory = new DirectoryInfo(from); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "MeshGrains.sln")))
            {
                return directory.FullName;
            }
        }

        throw new DirectoryNotFoundException($"MeshGrains.sln is in no folder above {from}.");
    }
}
