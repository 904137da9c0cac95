using Microsoft.Extensions.Configuration;

namespace MeshGrains.Silo;

/// <summary>File, then <c>MESHGRAINS__A__B</c> variables, then flags; every key and value is checked before anything is bound.</summary>
internal static class ConfigurationLoader
{
    public const string EnvironmentPrefix = "MESHGRAINS__";

    /// <exception cref="ConfigurationException">Lists every wrong key and value at once.</exception>
    public static IConfigurationRoot Load(
        string? file, IEnumerable<KeyValuePair<string, string?>> environment, IEnumerable<(string Key, string Value, string Source)> flags)
        => Load(ConfigurationSchema.Instance, EnvironmentPrefix, file, environment, flags);

    /// <inheritdoc cref="Load(string?, IEnumerable{KeyValuePair{string, string?}}, IEnumerable{ValueTuple{string, string, string}})"/>
    public static IConfigurationRoot Load(
        ConfigurationSchema schema, string prefix, string? file, IEnumerable<KeyValuePair<string, string?>> environment,
        IEnumerable<(string Key, string Value, string Source)> flags)
    {
        var entries = new List<(string Key, string? Value, string Source)>();
        if (file is not null)
        {
            entries.AddRange(YamlConfigurationFile.Read(file));
        }

        entries.AddRange(environment
            .Where(variable => variable.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            .OrderBy(variable => variable.Key, StringComparer.Ordinal)
            .Select(variable => (variable.Key[prefix.Length..].Replace("__", ":", StringComparison.Ordinal), variable.Value, variable.Key)));
        entries.AddRange(flags.Select(flag => (flag.Key.Replace('.', ':'), (string?)flag.Value, flag.Source)));

        var errors = new List<string>();
        var accepted = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value, source) in entries)
        {
            if (schema.TryAccept(key, value, source, out var normalised, out var error))
            {
                accepted[key] = normalised;
            }
            else
            {
                errors.Add(error!);
            }
        }

        return errors.Count == 0
            ? new ConfigurationBuilder().AddInMemoryCollection(accepted).Build()
            : throw new ConfigurationException(errors);
    }
}
