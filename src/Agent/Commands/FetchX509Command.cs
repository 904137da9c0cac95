using System.CommandLine;
using MeshGrains.Cli;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.Commands;

/// <summary><c>api fetch x509</c>.</summary>
internal static class FetchX509Command
{
    public const string Method = "/SpiffeWorkloadAPI/FetchX509SVID";

    public static Command Create(string name, string description)
    {
        var call = new WorkloadApiCall();
        var write = new Option<string?>("--write", "-write")
        {
            Description = "Directory to write svid.N.pem, svid.N.key (0600), bundle.N.pem and federated_bundle.N.M.pem into.", HelpName = "DIR",
        };
        var timeout = new Option<int>("--timeout", "-timeout") { Description = "Seconds to wait.", HelpName = "SECONDS", DefaultValueFactory = _ => 10 };
        timeout.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && !(int.TryParse(text, out var seconds) && seconds is > 0 and <= 3600))
            {
                result.AddError($"--timeout is '{text}'; give seconds from 1 to 3600.");
            }
        });
        var silent = new Option<bool>("--silent", "-silent") { Description = "Print nothing; the exit code tells." };
        var json = new Option<bool>("--json") { Description = "Print one JSON document, without keys." };
        var command = new TaughtCommand(name, description, "api fetch x509", "api fetch x509 --write /run/app/tls", "api fetch x509 --json --socket /run/meshgrains/agent/api.sock")
        {
            write, timeout, silent, json,
        };
        call.AddTo(command);
        command.SetAction((arguments, cancellationToken) => call.RunAsync(arguments, TimeSpan.FromSeconds(arguments.GetValue(timeout)), async (channel, options) =>
        {
            using var stream = channel.ServerStreaming(Method, new X509SVIDRequest(), X509SVIDResponse.Parser, options, cancellationToken);
            var response = await stream.ReadAsync() ?? throw new RpcException(RpcStatusCode.Unavailable, "The agent ended the stream without an answer.");
            if (arguments.GetValue(write) is { } directory)
            {
                SvidFiles.Write(response, directory);
            }

            if (!arguments.GetValue(silent))
            {
                SvidPrinter.Print(response, arguments.GetValue(json), arguments.InvocationConfiguration.Output);
            }
        }, cancellationToken));
        return command;
    }
}
