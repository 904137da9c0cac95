using System.Text.RegularExpressions;

namespace MeshGrains.Infra.Tests.Documentation;

/// <summary>Every page and every heading that the guides lead to is there.</summary>
public sealed partial class LinkTests
{
    public static TheoryData<string> Pages =>
    [
        "infra/README.md", "docs/ARCHITECTURE.md",
        .. Directory.EnumerateFiles(Tree.At("docs/operations"), "*.md").Concat(Directory.EnumerateFiles(Tree.At("docs/decisions"), "*.md"))
            .Select(file => Path.GetRelativePath(Tree.Root, file)).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_leads_somewhere(string page)
    {
        var folder = Path.GetDirectoryName(Tree.At(page))!;
        foreach (Match link in Links().Matches(Code().Replace(Tree.Read(page), "")))
        {
            var (path, anchor) = (link.Groups["path"].Value, link.Groups["anchor"].Value);
            var target = path.Length == 0 ? Tree.At(page) : Path.GetFullPath(Path.Combine(folder, path));
            Assert.True(Path.Exists(target), $"{page}: {link.Value} leads nowhere");
            Assert.True(anchor.Length == 0 || Anchors(target).Contains(anchor), $"{page}: {link.Value} names no heading");
        }
    }

    [Fact]
    public void Every_page_of_the_operations_guide_is_in_its_index()
    {
        var index = Tree.Read("docs/operations/README.md");
        Assert.All(
            Directory.EnumerateFiles(Tree.At("docs/operations"), "*.md").Select(file => Path.GetFileName(file)).Where(name => name != "README.md"),
            name => Assert.Contains($"]({name})", index, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("infra/kubernetes/base/bootstrap/certificates.yaml")]
    [InlineData("infra/azure/modules/statestorage.bicep")]
    public void A_page_that_a_file_of_infra_names_is_there(string file) =>
        Assert.All(Named().Matches(Tree.Read(file)), page => Assert.True(File.Exists(Tree.At(page.Value)), $"{file}: {page.Value}"));

    /// <summary>As they are made from headings: lowercase, no punctuation, hyphens for spaces.</summary>
    private static HashSet<string> Anchors(string file) =>
        [.. Headings().Matches(File.ReadAllText(file)).Select(heading => Punctuation().Replace(heading.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"\]\((?!https?:)(?<path>[^)#\s]*)(#(?<anchor>[^)\s]+))?\)")]
    private static partial Regex Links();

    [GeneratedRegex("(?s)```.*?```|`[^`\n]*`")]
    private static partial Regex Code();

    [GeneratedRegex(@"(?m)^#+ (.+?)\s*$")]
    private static partial Regex Headings();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Punctuation();

    [GeneratedRegex(@"docs/operations/[\w-]+\.md")]
    private static partial Regex Named();
}
