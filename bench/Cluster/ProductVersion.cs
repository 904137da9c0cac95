namespace MeshGrains.Bench;

/// <summary>A version of the product that can be started.</summary>
/// <param name="Name">What it is called in what is told: a commit, or a folder.</param>
/// <param name="Program">The <c>meshgrains</c> executable.</param>
internal sealed record ProductVersion(string Name, string Program)
{
    private const string Executable = "meshgrains";

    /// <summary>The release build of this tree, or the executable that was told.</summary>
    public static async Task<ProductVersion> OfTreeAsync(string? server, CancellationToken cancellationToken)
    {
        if (server is not null)
        {
            return new ProductVersion(server, Path.GetFullPath(server));
        }

        var commit = (await GitAsync(["describe", "--always", "--dirty"], cancellationToken)).Trim();
        return new ProductVersion(commit, MeshTree.Program("Silo", Executable));
    }

    /// <summary>An older version: a folder with a published executable, else what a git ref builds. A ref is built once into <c>artifacts/versions</c>.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    /// <exception cref="InvalidOperationException">It does not build; the message holds what the build said.</exception>
    public static async Task<ProductVersion> FromAsync(string from, CancellationToken cancellationToken)
    {
        if (Directory.Exists(from))
        {
            var program = Path.Combine(Path.GetFullPath(from), Executable);
            return File.Exists(program)
                ? new ProductVersion(from, program)
                : throw new ArgumentException($"--from {from}: there is no {Executable} in this folder. Give the folder of 'dotnet publish src/Silo', or a git ref.");
        }

        string commit;
        try
        {
            commit = (await GitAsync(["rev-parse", "--verify", "--quiet", from + "^{commit}"], cancellationToken)).Trim();
        }
        catch (InvalidOperationException)
        {
            throw new ArgumentException($"--from {from}: neither a folder nor a commit of {MeshTree.Root}. A shallow clone has no older commits: 'git fetch --unshallow' gets them.");
        }

        var built = Path.Combine(MeshTree.Artifacts, "versions", commit);
        if (!File.Exists(Path.Combine(built, Executable)))
        {
            await BuildAsync(commit, built, cancellationToken);
        }

        return new ProductVersion(commit[..7], Path.Combine(built, Executable));
    }

    /// <summary>Whether it takes a setting; a version refuses to start with one that it does not know.</summary>
    public async Task<bool> TakesAsync(string setting, string configFile, CancellationToken cancellationToken)
    {
        try
        {
            await ChildProcess.ReadAsync(Program, ["check-config", "--config", configFile, "--set", setting], cancellationToken);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static async Task BuildAsync(string commit, string built, CancellationToken cancellationToken)
    {
        Progress.Say($"building {commit[..7]} for the {MeshTree.Host} grain host");
        var (tree, fresh) = ($"{built}.tree", $"{built}.new");
        await GitAsync(["worktree", "add", "--force", "--detach", tree, commit], cancellationToken);
        try
        {
            await ChildProcess.ReadAsync(
                "dotnet",
                ["publish", Path.Combine(tree, "src", "Silo"), "-c", "Release", "-v", "q", "-nologo", $"-p:GrainHost={MeshTree.Host}", "-o", fresh],
                cancellationToken, tree);
            Directory.Move(fresh, built);
        }
        finally
        {
            await GitAsync(["worktree", "remove", "--force", tree], CancellationToken.None);
        }
    }

    private static Task<string> GitAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
        => ChildProcess.ReadAsync("git", ["-C", MeshTree.Root, .. arguments], cancellationToken);
}
