using System.Globalization;
using MeshGrains.Silo;
using Microsoft.Extensions.Configuration;

namespace MeshGrains.Agent.Tests.Configuration;

/// <summary>The commented file is complete and true: it is what operators start from.</summary>
public sealed class CommentedFileTests
{
    private static readonly string Commented = Path.Combine(AppContext.BaseDirectory, "meshgrains-agent.yaml");

    [Fact]
    public void It_lacks_only_what_nobody_else_can_know()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => AgentConfigurationCheck.Bind(Load()));

        Assert.All(wrong.Errors, error => Assert.Matches("^(controlPlane.(addresses|trustBundle)|node)", error));
        _ = AgentConfigurationCheck.Bind(Load(
            ("controlPlane.addresses.0", "https://mesh.example.org:8443"), ("controlPlane.trustBundle", "/bundle.pem"), ("node.joinTokenFile", "/token")));
    }

    [Fact]
    public void Every_key_stands_in_it_with_its_default()
    {
        var written = YamlConfigurationFile.Read(Commented).ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.OrdinalIgnoreCase);
        var defaults = new AgentConfiguration();
        foreach (var (key, type) in ConfigurationSchema.Instance.Leaves().Where(leaf => !leaf.Key.Contains("[]", StringComparison.Ordinal)))
        {
            Assert.True(written.TryGetValue(key.Replace('.', ':'), out var text), $"{key} is missing");
            Assert.Equal(Shown(DefaultOf(defaults, key)), type == typeof(TimeSpan) && Durations.TryParse(text!, out var duration) ? Shown(duration) : text);
        }
    }

    [Fact]
    public void Every_key_of_a_list_stands_in_it_as_an_example()
    {
        var text = File.ReadAllText(Commented);
        foreach (var (key, _) in ConfigurationSchema.Instance.Leaves().Where(leaf => leaf.Key.Contains("[]", StringComparison.Ordinal)))
        {
            var name = key.Split('.').Last(part => part.Length > 0).Replace("[]", "", StringComparison.Ordinal);
            Assert.Matches($@"(?m)^ *#? *(- )?{name}:", text);
        }
    }

    private static IConfigurationRoot Load(params (string Key, string Value)[] more) =>
        ConfigurationLoader.Load(ConfigurationSchema.Instance, "NONE__", Commented, [], more.Select(pair => (pair.Key, pair.Value, "test")));

    private static object? DefaultOf(object root, string key) => key.Split('.').Aggregate(
        (object?)root, (value, part) => value!.GetType().GetProperty(char.ToUpperInvariant(part[0]) + part[1..])!.GetValue(value));

    private static string? Shown(object? value) => value switch
    {
        TimeSpan duration => Durations.Format(duration),
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}
