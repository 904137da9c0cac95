using System.CommandLine;
using System.Text.Json;

namespace MeshGrains.LocalCluster;

/// <summary><c>status</c>: 0 when all processes are ready, 1 when one is not or no cluster runs.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var data = ClusterCommand.Data();
        var json = new Option<bool>("--json") { Description = "As JSON." };
        var command = new Command("status", "Show silos, gateway and stores. Ends with 1 when one of them is not ready.") { data, json };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var folder = ClusterFolder.At(arguments.GetValue(data)!);
            if (await ControlClient.TryAskAsync(folder, new ControlRequest(ControlRequest.Status), cancellationToken) is not { Status: { } status })
            {
                return ClusterCommand.NoneRuns(folder);
            }

            if (arguments.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(status, StatusJson.Default.ClusterStatus));
            }
            else
            {
                StatusTable.Print(Console.Out, status, DateTimeOffset.UtcNow);
            }

            return status.IsReady ? 0 : 1;
        });
        return command;
    }
}
