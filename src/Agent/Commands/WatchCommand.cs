using System.CommandLine;
using MeshGrains.Cli;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.Commands;

/// <summary><c>api watch</c>.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var call = new WorkloadApiCall();
        var json = new Option<bool>("--json") { Description = "Print one JSON document a line at each change, without keys." };
        var command = new TaughtCommand("watch", "Print the X.509-SVIDs of this process now and at each change, until Ctrl-C.", "api watch", "api watch --json") { json };
        call.AddTo(command);
        command.SetAction((arguments, cancellationToken) => call.RunAsync(arguments, null, async (channel, options) =>
        {
            using var stream = channel.ServerStreaming(FetchX509Command.Method, new X509SVIDRequest(), X509SVIDResponse.Parser, options, cancellationToken);
            var output = arguments.InvocationConfiguration.Output;
            await foreach (var response in stream)
            {
                SvidPrinter.Print(response, arguments.GetValue(json), output);
                await output.FlushAsync(cancellationToken);
            }
        }, cancellationToken));
        return command;
    }
}
