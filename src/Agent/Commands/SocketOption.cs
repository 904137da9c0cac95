using System.CommandLine;
using MeshGrains.Rpc;

namespace MeshGrains.Agent.Commands;

/// <summary>Where the agent is: <c>--socket</c>, else SPIFFE_ENDPOINT_SOCKET, else the default path.</summary>
internal sealed class SocketOption
{
    private const string Variable = "SPIFFE_ENDPOINT_SOCKET";
    private const string Scheme = "unix:";

    private readonly Option<string?> _option = new("--socket", "-socketPath")
    {
        Description = $"The agent's socket, a path or unix:///path; unless given, {Variable}, else {new AgentConfiguration().Socket}.", HelpName = "PATH",
    };

    public SocketOption() => _option.Validators.Add(result =>
    {
        if (result.Tokens is [{ Value: var text }] && PathOf(text) is null)
        {
            result.AddError($"--socket is '{text}'; give an absolute path or unix:///path.");
        }
    });

    public void AddTo(Command command) => command.Options.Add(_option);

    /// <exception cref="RpcException">The variable names no Unix socket.</exception>
    public RpcChannel Open(ParseResult arguments)
    {
        var text = arguments.GetValue(_option) ?? Environment.GetEnvironmentVariable(Variable) ?? new AgentConfiguration().Socket;
        var path = PathOf(text) ?? throw new RpcException(RpcStatusCode.InvalidArgument, $"{Variable} is '{text}'; the agent listens on unix:///path.");
        return new RpcChannel(
            new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = path, MaxReceiveMessageBytes = 16 * 1024 * 1024, ConnectTimeout = TimeSpan.FromSeconds(5) });
    }

    /// <summary>Null for what is no absolute path; the specification's form has no authority, query or fragment.</summary>
    internal static string? PathOf(string text)
    {
        if (text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            text = text.StartsWith("unix://", StringComparison.Ordinal) ? text["unix://".Length..] : text[Scheme.Length..];
        }

        return Path.IsPathRooted(text) && !text.Contains('?', StringComparison.Ordinal) && !text.Contains('#', StringComparison.Ordinal) ? text : null;
    }
}
