using System.CommandLine;

namespace MeshGrains.LocalCluster;

/// <summary><c>scale N</c>: adds silos, or drains the last ones, one after another.</summary>
internal static class ScaleCommand
{
    public static Command Create()
    {
        var silos = new Argument<int>("silos") { Description = $"How many, 1 to {ClusterCommand.MaxSilos}." };
        var data = ClusterCommand.Data();
        var command = new Command("scale", "Add silos, or drain the last ones, while the cluster serves.") { silos, data };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var folder = ClusterFolder.At(arguments.GetValue(data)!);
            if (arguments.GetValue(silos) is var wanted && wanted is < 1 or > ClusterCommand.MaxSilos)
            {
                return ClusterCommand.Refuse($"give 1 to {ClusterCommand.MaxSilos} silos, not {wanted}.");
            }

            var answer = await ControlClient.TryAskAsync(folder, new ControlRequest(ControlRequest.Scale, wanted), cancellationToken);
            if (answer is not { Status: { } status })
            {
                return ClusterCommand.NoneRuns(folder);
            }

            StatusTable.Print(Console.Out, status, DateTimeOffset.UtcNow);
            return answer.Error is { } error ? ClusterCommand.Fail(error) : 0;
        });
        return command;
    }
}
