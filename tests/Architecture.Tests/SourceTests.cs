using System.Text.RegularExpressions;

namespace MeshGrains.Architecture.Tests;

/// <summary>Rules about the text of the product.</summary>
public sealed partial class SourceTests
{
    private const int LargestFile = 30 * 1024;

    /// <summary>Classes that stay open to derivation, each with its reason.</summary>
    private static readonly Dictionary<string, string> Open = new()
    {
        ["OrleansException"] = "Orleans' own shape",
        ["OrleansMessageRejectionException"] = "Orleans' own shape",
        ["InconsistentStateException"] = "Orleans' own shape",
        ["PersistentStateAttribute"] = "Orleans' own shape",
        ["GrainReference"] = "DispatchProxy makes the proxies by deriving from it",
    };

    /// <summary>Files that may hold several public types, each with its reason.</summary>
    private static readonly Dictionary<string, string> Several = [];

    /// <summary>What the words below are replaced by, and the one place that may use them.</summary>
    private static readonly (string Word, string Instead)[] Banned =
    [
        (@"\bDateTime(Offset)?\.(Utc)?Now\b", "TimeProvider"),
        (@"\bGuid\.NewGuid\b", "injected randomness"),
        (@"\bnew Random\(|\bRandom\.Shared\b", "injected randomness"),
        (@"\bNotImplementedException\b", "an implementation"),
        (@"\bThread\.Sleep\b", "a timer through TimeProvider"),
    ];

    /// <summary>Files that may say such a word, each with its reason.</summary>
    private static readonly Dictionary<string, string> Excused = new()
    {
        ["src/Keys/KeyManagerOptions.cs"] = "the default of an injected source of jitter",
    };

    private static readonly (string Word, string Instead)[] BannedInGrains =
    [
        (@"\.ConfigureAwait\(false\)", "a plain await: the rest of the method belongs in the grain's turn"),
        (@"\bTask\.Run\(", "a port that does the work outside"),
        (@"\.GetAwaiter\(\)\.GetResult\(\)|\.Wait\(\)", "await"),
        (@"\block\s*\(", "the grain's turns"),
    ];

    [Fact]
    public void No_file_is_too_large_to_read_at_one_sitting() =>
        None(Directory.EnumerateFiles(Repository.Source, "*", SearchOption.AllDirectories)
            .Where(path => new FileInfo(path).Length > LargestFile).Select(path => Path.GetRelativePath(Repository.Root, path)));

    [Fact]
    public void Every_file_has_one_public_type_at_most()
    {
        Assert.True(Repository.SourceFiles.Count > 100);
        None(Repository.SourceFiles.Where(file => !Several.ContainsKey(file.Path)).SelectMany(ManyPublicTypes));
        Assert.NotEmpty(ManyPublicTypes(new("src/X/A.cs", "namespace X;\npublic sealed class A;\n\npublic enum B\n{\n}\n")));
        Assert.Empty(ManyPublicTypes(new("src/X/A.cs", "namespace X;\npublic sealed class A\n{\n    public enum B\n    {\n    }\n}\n\ninternal sealed class C;\n")));
    }

    [Fact]
    public void Namespaces_are_file_scoped()
    {
        None(Repository.SourceFiles.Where(HasBlockNamespace).Select(file => file.Path));
        Assert.True(HasBlockNamespace(new("src/X/A.cs", "namespace X\n{\n}\n")));
    }

    [Fact]
    public void Classes_are_sealed_abstract_or_static()
    {
        None(OpenClasses(Repository.SourceFiles).Where(found => !Open.ContainsKey(found.Split(' ')[^1])));
        Assert.Equal(["src/X/A.cs: A", "src/X/A.cs: C"], OpenClasses(
        [
            new("src/X/A.cs", "public class A\n{\n    // class Not\n    private sealed class B;\n}\n\ninternal record C(int D);\ninternal record struct E;\npublic partial class F;\n"),
            new("src/X/F.cs", "public sealed partial class F;\n"),
        ]));
    }

    [Fact]
    public void The_list_of_open_classes_is_up_to_date() =>
        Assert.Equal(Open.Keys.Order(), OpenClasses(Repository.SourceFiles).Select(found => found.Split(' ')[^1]).Where(Open.ContainsKey).Distinct().Order());

    [Fact]
    public void Every_grain_class_has_a_type_name_of_its_own()
    {
        var grains = Repository.SourceFiles.SelectMany(file => file.Types).Where(type => type.IsGrain).ToList();
        None(grains.Where(grain => !grain.Bears("GrainType")).Select(grain => grain.Name));
        var names = grains.SelectMany(grain => grain.Attributes).Select(line => GrainTypeName().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(names.Distinct(), names);

        var bare = new SourceFile("src/X/G.cs", "[Reentrant]\npublic sealed class G(\n    IGrainContext context)\n    : IGrainBase, IG\n{\n}\n").Types.Single();
        Assert.True(bare is { IsGrain: true } && !bare.Bears("GrainType"));
        Assert.True(new SourceFile("src/X/G.cs", "[GrainType(\"g\")]\n[Reentrant]\npublic sealed class G : Grain, IG;\n").Types.Single() is { IsGrain: true } named && named.Bears("GrainType"));
    }

    [Fact]
    public void Every_grain_and_observer_interface_has_an_alias()
    {
        None(Repository.SourceFiles.Where(file => file.Project != "Solo").SelectMany(file => file.Types)
            .Where(type => type.IsGrainInterface && !type.Bears("Alias")).Select(type => type.Name));
        Assert.True(new SourceFile("src/X/I.cs", "public interface I : IGrainWithStringKey\n{\n}\n").Types.Single() is { IsGrainInterface: true } bare && !bare.Bears("Alias"));
    }

    [Fact]
    public void Clocks_and_randomness_are_injected_and_nothing_is_unimplemented()
    {
        None(Repository.SourceFiles.Where(file => !Excused.ContainsKey(file.Path)).SelectMany(file => Uses(file, Banned)));
        Assert.All(Excused.Keys, path => Assert.NotEmpty(Uses(Repository.SourceFiles.Single(file => file.Path == path), Banned)));
        Assert.Equal(3, Uses(new("src/X/A.cs", "var now = DateTimeOffset.UtcNow;\n// DateTime.Now in a comment\nvar id = Guid.NewGuid();\nthrow new NotImplementedException();\n"), Banned).Count());
    }

    [Fact]
    public void No_comment_puts_work_off()
    {
        None(Repository.SourceFiles.Where(file => PutOff().IsMatch(file.Text)).Select(file => file.Path));
        Assert.Matches(PutOff(), "// TODO: later");
    }

    [Fact]
    public void Grains_stay_in_their_turns()
    {
        None(Repository.SourceFiles.Where(file => file.Types.Any(type => type.IsGrain)).SelectMany(file => Uses(file, BannedInGrains)));
        Assert.Equal(2, Uses(new("src/X/G.cs", "await Task.Run(Work).ConfigureAwait(false);\nlock (_gate)\n"), BannedInGrains).Select(found => found.Split(':')[1]).Distinct().Count());
    }

    [Fact]
    public void Solo_stays_small()
    {
        // Lines that say something: no comments, no blank or brace lines, no usings and namespaces. The types of Orleans that it repeats are not the host.
        var host = Repository.SourceFiles.Where(file => file.Path.StartsWith("src/Solo/Hosting/", StringComparison.Ordinal)).SelectMany(file => file.Code)
            .Count(line => line.Trim() is { Length: > 1 } said && !said.StartsWith("using ", StringComparison.Ordinal) && !said.StartsWith("namespace ", StringComparison.Ordinal));
        Assert.InRange(host, 300, 1000);
    }

    // Tells all that was found; Assert.Empty would tell of the first few.
    private static void None(IEnumerable<string> found)
    {
        var all = found.ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }

    private static IEnumerable<string> ManyPublicTypes(SourceFile file)
    {
        var types = file.Types.Where(type => type.IsTopLevel && type.Modifiers.Contains("public")).Select(type => type.Name).Distinct().ToList();
        return types.Count > 1 ? [$"{file.Path}: {string.Join(", ", types)}"] : [];
    }

    private static bool HasBlockNamespace(SourceFile file) => file.Code.Any(line => line.StartsWith("namespace ", StringComparison.Ordinal) && !line.TrimEnd().EndsWith(';'));

    private static IEnumerable<string> OpenClasses(IEnumerable<SourceFile> files) =>
        from declared in files.SelectMany(file => file.Types.Where(type => type.IsClass).Select(type => (File: file, Type: type)))
        group declared by (declared.File.Project, declared.Type.Name) into parts
        where !parts.Any(part => part.Type.IsClosed)
        select $"{parts.First().File.Path}: {parts.Key.Name}";

    private static IEnumerable<string> Uses(SourceFile file, (string Word, string Instead)[] words) =>
        from line in file.Code.Select((text, index) => (text, index))
        from word in words
        where Regex.IsMatch(line.text, word.Word)
        select $"{file.Path}:{line.text.Trim()}: use {word.Instead}";

    [GeneratedRegex(@"\b(TODO|HACK|FIXME)\b")]
    private static partial Regex PutOff();

    [GeneratedRegex("""GrainType\("([^"]+)"\)""")]
    private static partial Regex GrainTypeName();
}
