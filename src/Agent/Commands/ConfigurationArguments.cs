using System.Collections;
using System.CommandLine;
using Microsoft.Extensions.Configuration;

namespace MeshGrains.Agent.Commands;

/// <summary>The options that every command with a configuration takes, and the loading they stand for.</summary>
internal sealed class ConfigurationArguments
{
    private readonly Option<string?> _file = new("--config", "-c") { Description = "YAML configuration file; infra/meshgrains-agent.yaml shows every key with its default." };
    private readonly Option<string?> _trustDomain = new("--trust-domain", "-t") { Description = "Trust domain (key 'trustDomain'). Default mesh.local" };
    private readonly Option<string?> _server = new("--server") { Description = "A gateway, https://HOST:PORT (key 'controlPlane.addresses')." };
    private readonly Option<string?> _bundle = new("--bundle") { Description = "Trust bundle that its certificate is checked with (key 'controlPlane.trustBundle')." };
    private readonly Option<string?> _token = new("--join-token-file") { Description = "File with the join token of this node (key 'node.joinTokenFile')." };
    private readonly Option<string?> _socket = new("--socket") { Description = "Unix socket of the Workload API and SDS (key 'socket')." };
    private readonly Option<string[]> _set = new("--set") { Description = "Any key of the configuration, as 'log.level=Debug'. May be repeated.", AllowMultipleArgumentsPerToken = false };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _file, _trustDomain, _server, _bundle, _token, _socket, _set })
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="ConfigurationException">Lists everything that is wrong.</exception>
    public IConfigurationRoot Load(ParseResult arguments)
    {
        var flags = new List<(string Key, string Value, string Source)>();
        foreach (var pair in arguments.GetValue(_set) ?? [])
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new ConfigurationException([$"--set {pair}: give key=value, such as --set log.level=Debug."]);
            }

            flags.Add((pair[..equals], pair[(equals + 1)..], "--set"));
        }

        foreach (var (option, key) in new[]
        {
            (_trustDomain, "trustDomain"), (_server, "controlPlane.addresses.0"), (_bundle, "controlPlane.trustBundle"), (_token, "node.joinTokenFile"), (_socket, "socket"),
        })
        {
            if (arguments.GetValue(option) is { } value)
            {
                flags.Add((key, value, option.Name));
            }
        }

        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value));
        return ConfigurationLoader.Load(ConfigurationSchema.Instance, AgentConfiguration.EnvironmentPrefix, arguments.GetValue(_file), environment, flags);
    }
}
