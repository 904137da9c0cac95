using System.Collections;
using System.CommandLine;
using Microsoft.Extensions.Configuration;

namespace MeshGrains.Silo;

/// <summary>The options that every command with a configuration takes, and the loading they stand for.</summary>
internal sealed class ConfigurationArguments
{
    private readonly Option<string?> _file = new("--config", "-c") { Description = "YAML configuration file; infra/meshgrains.yaml shows every key with its default." };
    private readonly Option<string?> _data = new("--data", "-d") { Description = "Data directory (key 'data'). Default .mesh" };
    private readonly Option<string?> _trustDomain = new("--trust-domain", "-t") { Description = "Trust domain (key 'trustDomain'). Default mesh.local" };
    private readonly Option<string?> _listen = new("--listen") { Description = "Address and port of the gateway (key 'gateway.listen'); port 0 takes a free one." };
    private readonly Option<string?> _operations = new("--operations-listen") { Description = "Address and port of /livez, /readyz and /metrics (key 'gateway.operationsListen')." };
    private readonly Option<string?> _keys = new("--keys") { Description = "Key manager URI (key 'keys.uri'): file:…, azurekms:https://… or pkcs11:…" };
    private readonly Option<bool> _shortLives = new("--allow-short-lives") { Description = "Accept lives down to 20 s for issuing CAs and 1 s for SVIDs (key 'ca.allowShortLives'): for drills." };
    private readonly Option<string[]> _set = new("--set") { Description = "Any key of the configuration, as 'svid.defaultTtl=30m'. May be repeated.", AllowMultipleArgumentsPerToken = false };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _file, _data, _trustDomain, _listen, _operations, _keys, _shortLives, _set })
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="ConfigurationException">Lists everything that is wrong.</exception>
    /// <param name="arguments">The command line.</param>
    /// <param name="more">Keys from options of the command's own.</param>
    public IConfigurationRoot Load(ParseResult arguments, IEnumerable<(string Key, string Value, string Source)>? more = null)
    {
        var flags = new List<(string Key, string Value, string Source)>();
        void Take(Option<string?> option, string key)
        {
            if (arguments.GetValue(option) is { } value)
            {
                flags.Add((key, value, option.Name));
            }
        }

        foreach (var pair in arguments.GetValue(_set) ?? [])
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new ConfigurationException([$"--set {pair}: give key=value, such as --set svid.defaultTtl=30m."]);
            }

            flags.Add((pair[..equals], pair[(equals + 1)..], "--set"));
        }

        Take(_data, "data");
        Take(_trustDomain, "trustDomain");
        Take(_listen, "gateway.listen");
        Take(_operations, "gateway.operationsListen");
        Take(_keys, "keys.uri");
        if (arguments.GetValue(_shortLives))
        {
            flags.Add(("ca.allowShortLives", "true", _shortLives.Name));
        }

        flags.AddRange(more ?? []);
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value));
        return ConfigurationLoader.Load(arguments.GetValue(_file), environment, flags);
    }
}
