using System.CommandLine;
using MeshGrains.Rpc;

namespace MeshGrains.Agent.Commands;

/// <summary>Where the agent is: <c>--socket</c>, else SPIFFE_ENDPOINT_SOCKET, else the default path.</summary>
internal sealed class SocketOption
{
    private const string Variable = "SPIFFE_ENDPOINT_SOCKET";
    private const string Scheme = "unix://";

    private readonly Option<string?> _option = new("--socket") { Description = $"The agent's socket; unless given, {Variable} or the default path.", HelpName = "PATH" };

    public void AddTo(Command command) => command.Options.Add(_option);

    public RpcChannel Open(ParseResult arguments)
    {
        var path = arguments.GetValue(_option) ?? Environment.GetEnvironmentVariable(Variable) ?? new AgentConfiguration().Socket;
        if (path.StartsWith(Scheme, StringComparison.Ordinal))
        {
            path = path[Scheme.Length..];
        }

        return new RpcChannel(
            new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = path, MaxReceiveMessageBytes = 16 * 1024 * 1024, ConnectTimeout = TimeSpan.FromSeconds(5) });
    }
}
