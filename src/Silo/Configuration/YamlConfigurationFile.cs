using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace MeshGrains.Silo;

/// <summary>One YAML document as flat keys with the place of each, parts joined by ':'.</summary>
internal static class YamlConfigurationFile
{
    private const long MaxBytes = 1024 * 1024;

    /// <exception cref="ConfigurationException">The file is missing, too large or not YAML.</exception>
    public static IReadOnlyList<(string Key, string? Value, string Source)> Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new ConfigurationException([$"The configuration file {path} does not exist. Start from the commented infra/meshgrains.yaml."]);
        }

        if (file.Length > MaxBytes)
        {
            throw new ConfigurationException([$"The configuration file {path} has {file.Length} bytes; at most {MaxBytes} are read."]);
        }

        using var reader = file.OpenText();
        return Parse(reader, path);
    }

    public static IReadOnlyList<(string Key, string? Value, string Source)> Parse(TextReader reader, string name)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(reader);
        }
        catch (YamlException failure)
        {
            throw new ConfigurationException([$"{name}:{failure.Start.Line}: not well-formed YAML: {failure.Message}"]);
        }

        var values = new List<(string, string?, string)>();
        switch (stream.Documents)
        {
            case []:
                return values;
            case [{ RootNode: YamlMappingNode root }]:
                Flatten(root, "", name, values);
                return values;
            case [{ RootNode: YamlScalarNode { Value: null or "" } }]:
                return values;
            default:
                throw new ConfigurationException([$"{name}: one document with a mapping at its top is wanted."]);
        }
    }

    private static void Flatten(YamlNode node, string key, string name, List<(string Key, string? Value, string Source)> values)
    {
        switch (node)
        {
            case YamlMappingNode mapping:
                foreach (var (child, value) in mapping.Children)
                {
                    if (child is not YamlScalarNode { Value: { Length: > 0 } part })
                    {
                        throw new ConfigurationException([$"{name}:{child.Start.Line}: a key must be a plain word."]);
                    }

                    Flatten(value, key.Length == 0 ? part : $"{key}:{part}", name, values);
                }

                break;
            case YamlSequenceNode sequence:
                for (var i = 0; i < sequence.Children.Count; i++)
                {
                    Flatten(sequence.Children[i], $"{key}:{i}", name, values);
                }

                break;
            case YamlScalarNode scalar:
                var isNull = scalar.Style == ScalarStyle.Plain && scalar.Value is null or "" or "~" or "null";
                values.Add((key, isNull ? "" : scalar.Value, $"{name}:{scalar.Start.Line}"));
                break;
        }
    }
}
