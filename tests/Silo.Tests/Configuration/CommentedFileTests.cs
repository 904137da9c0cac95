using System.Globalization;

namespace MeshGrains.Silo.Tests;

/// <summary>The commented file is complete and true: it is what operators start from.</summary>
public sealed class CommentedFileTests
{
    private static readonly string File = Path.Combine(AppContext.BaseDirectory, "meshgrains.yaml");

    [Fact]
    public void It_is_a_valid_configuration() => Assert.Equal("mesh.local", SiloApplication.Validate(ConfigurationLoader.Load(File, [], [])).TrustDomain);

    [Fact]
    public void Every_key_stands_in_it_with_its_default()
    {
        var written = YamlConfigurationFile.Read(File).ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.OrdinalIgnoreCase);
        var defaults = new MeshConfiguration();
        foreach (var (key, type) in ConfigurationSchema.Instance.Leaves().Where(leaf => !leaf.Key.Contains("[]", StringComparison.Ordinal)))
        {
            Assert.True(written.TryGetValue(key.Replace('.', ':'), out var text), $"{key} is missing");
            Assert.Equal(Shown(DefaultOf(defaults, key)), type == typeof(TimeSpan) && Durations.TryParse(text!, out var duration) ? Shown(duration) : text);
        }
    }

    [Fact]
    public void Every_key_of_a_list_stands_in_it_as_an_example()
    {
        var text = System.IO.File.ReadAllText(File);
        foreach (var (key, _) in ConfigurationSchema.Instance.Leaves().Where(leaf => leaf.Key.Contains("[]", StringComparison.Ordinal)))
        {
            var name = key.Split('.').Last(part => part.Length > 0).Replace("[]", "", StringComparison.Ordinal);
            Assert.Matches($@"(?m)^#? *(- )?{name}:", text);
        }
    }

    private static object? DefaultOf(object root, string key) => key.Split('.').Aggregate(
        (object?)root, (value, part) => value!.GetType().GetProperty(char.ToUpperInvariant(part[0]) + part[1..])!.GetValue(value));

    private static string? Shown(object? value) => value switch
    {
        TimeSpan duration => Durations.Format(duration),
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}
