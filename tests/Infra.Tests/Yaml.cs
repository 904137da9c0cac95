using YamlDotNet.RepresentationModel;

namespace MeshGrains.Infra.Tests;

/// <summary>A place in a YAML document. What is missing is empty, so that a path can be walked without asking at each step.</summary>
internal readonly struct Yaml(YamlNode? node)
{
    private const string Merge = "<<";

    public bool Exists => node is not null;

    /// <summary>The scalar's text; null for a missing one, and for a mapping or a list.</summary>
    public string? Text => (node as YamlScalarNode)?.Value;

    public IEnumerable<Yaml> Items => node is YamlSequenceNode list ? list.Children.Select(child => new Yaml(child)) : [];

    /// <summary>What stands in the mapping itself, then what it merges in with &lt;&lt;.</summary>
    public IEnumerable<(string Key, Yaml Value)> Members => node is YamlMappingNode mapping
        ? mapping.Children.Where(pair => pair.Key is not YamlScalarNode { Value: Merge }).Select(pair => (((YamlScalarNode)pair.Key).Value!, new Yaml(pair.Value)))
            .Concat(mapping.Children.TryGetValue(new YamlScalarNode(Merge), out var merged) ? new Yaml(merged).Members : []).DistinctBy(member => member.Item1)
        : [];

    public string[] Texts => [.. Items.Select(item => item.Text!)];

    public Yaml this[string key] => Members.FirstOrDefault(member => member.Key == key).Value;

    /// <summary>Keys joined by dots; a key that holds dots itself is asked for by the indexer.</summary>
    public Yaml Path(string path) => path.Split('.').Aggregate(this, (at, key) => at[key]);

    /// <summary>The item of a list whose member <c>name</c> is this.</summary>
    public Yaml Named(string name) => Items.FirstOrDefault(item => item["name"].Text == name);

    public static IReadOnlyList<Yaml> Documents(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(document => new Yaml(document.RootNode))];
    }

    public override string ToString() => node?.ToString() ?? "(missing)";
}
