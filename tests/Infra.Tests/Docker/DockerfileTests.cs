using System.Text.RegularExpressions;

namespace MeshGrains.Infra.Tests.Docker;

/// <summary>No engine builds the images here; what can be read off their files is checked.</summary>
public sealed partial class DockerfileTests
{
    public static TheoryData<string> Files => ["infra/docker/Dockerfile.meshgrains", "infra/docker/Dockerfile.meshctl", "infra/docker/Dockerfile.meshgrains-agent"];

    [Theory]
    [MemberData(nameof(Files))]
    public void What_is_copied_from_the_tree_exists_and_is_not_ignored(string file)
    {
        var ignored = Tree.Read(".dockerignore").Split('\n').Where(line => line.StartsWith('!')).Select(line => line[1..].TrimEnd('/')).ToList();
        var sources = Instructions(file).Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from=", StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Where(word => !word.StartsWith("--", StringComparison.Ordinal)).SkipLast(1)).ToList();
        Assert.NotEmpty(sources);
        Assert.All(sources, source =>
        {
            Assert.True(Path.Exists(Tree.At(source)), $"{source} does not exist");
            Assert.Contains(source.TrimEnd('/'), ignored);
        });
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void What_is_published_is_a_project_of_the_tree_and_the_program_that_starts(string file)
    {
        var text = Tree.Read(file);
        var project = Publish().Match(text).Groups[1].Value;
        Assert.True(File.Exists(Tree.At(project)), $"{project} does not exist");
        Assert.Contains("-p:GrainHost=Orleans", text, StringComparison.Ordinal);
        var program = AssemblyName().Match(Tree.Read(project)).Groups[1].Value;
        Assert.Equal($"ENTRYPOINT [\"dotnet\", \"/app/{program}.dll\"]", Instructions(file).Last(line => line.StartsWith("ENTRYPOINT", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_image_that_ships_is_chiseled_and_not_roots(string file)
    {
        var last = Instructions(file).Reverse().TakeWhile(line => !line.StartsWith("FROM ", StringComparison.Ordinal)).Reverse().ToList();
        var from = Instructions(file).Last(line => line.StartsWith("FROM ", StringComparison.Ordinal));
        Assert.Contains(":10.0-noble-chiseled", from, StringComparison.Ordinal);
        Assert.Contains("USER 1654", last);
        Assert.DoesNotContain(last, line => line.StartsWith("RUN ", StringComparison.Ordinal));
        Assert.Contains(last, line => line.StartsWith("LABEL ", StringComparison.Ordinal) && line.Contains("org.opencontainers.image.revision", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_base_is_named_with_its_version_and_no_layer_holds_a_secret(string file)
    {
        Assert.All(Instructions(file).Where(line => line.StartsWith("FROM ", StringComparison.Ordinal)), line => Assert.Matches(@" mcr\.microsoft\.com/dotnet/(sdk|aspnet):10\.0", line));
        Assert.DoesNotMatch(@"(?i)(password|secret|token|accountkey)\s*=", Tree.Read(file));
    }

    /// <summary>Instructions with their continued lines joined, without comments.</summary>
    private static string[] Instructions(string file) =>
        string.Join('\n', Tree.Read(file).Split('\n').Where(line => !line.StartsWith('#'))).Replace("\\\n", " ", StringComparison.Ordinal)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"dotnet publish (\S+)")]
    private static partial Regex Publish();

    [GeneratedRegex("<AssemblyName>([^<]+)<")]
    private static partial Regex AssemblyName();
}
