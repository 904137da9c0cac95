using System.Xml.Linq;

namespace MeshGrains.Architecture.Tests;

/// <summary>What a project uses, each with the condition it stands under.</summary>
internal sealed record ProjectFile(string Name, IReadOnlyList<ProjectFile.Use> Projects, IReadOnlyList<ProjectFile.Use> Packages, IReadOnlyList<ProjectFile.Use> Frameworks)
{
    public static ProjectFile Read(string path) => Parse(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path));

    public static ProjectFile Parse(string name, string xml)
    {
        var root = XElement.Parse(xml);
        return new(name, Uses("ProjectReference", Path.GetFileNameWithoutExtension), Uses("PackageReference", include => include), Uses("FrameworkReference", include => include));

        IReadOnlyList<Use> Uses(string element, Func<string, string> name) =>
            [.. from item in root.Descendants(element)
                from include in item.Attribute("Include")?.Value.Split(';') ?? []
                select new Use(name(include.Replace('\\', '/')), string.Join(" and ",
                    item.AncestorsAndSelf().Select(scope => scope.Attribute("Condition")?.Value).Where(condition => condition is not null)))];
    }

    internal sealed record Use(string Name, string Condition)
    {
        public bool IsForHost(string host) => Condition == $"'$(GrainHost)' == '{host}'";
    }
}
