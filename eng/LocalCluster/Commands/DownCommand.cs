using System.CommandLine;
using System.Diagnostics;

namespace MeshGrains.LocalCluster;

/// <summary><c>down</c>: stops everything, drained, and keeps the data.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static Command Create()
    {
        var data = ClusterCommand.Data();
        var command = new Command("down", "Stop the cluster and keep its data; 'up' over the same folder brings it back.") { data };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var folder = ClusterFolder.At(arguments.GetValue(data)!);
            if (await ControlClient.TryAskAsync(folder, new ControlRequest(ControlRequest.Stop), cancellationToken) is null)
            {
                return ClusterCommand.NoneRuns(folder);
            }

            Console.Error.WriteLine("mesh cluster: draining…");
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < Patience;)
            {
                if (await ControlClient.TryAskAsync(folder, new ControlRequest(ControlRequest.Status), cancellationToken) is null)
                {
                    Console.WriteLine($"The cluster over {folder.Root} is stopped; its data are kept. Start it again: {ClusterCommand.Line("cluster up --data " + folder.Root)}");
                    return 0;
                }

                await Task.Delay(200, cancellationToken);
            }

            return ClusterCommand.Fail($"it has not stopped within {Patience.TotalMinutes:0} minutes; {folder.SupervisorLog} says what it waits for.");
        });
        return command;
    }
}
