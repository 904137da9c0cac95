using System.CommandLine;

namespace MeshGrains.LocalCluster;

/// <summary><c>supervise</c>: what <c>up</c> starts and leaves running.</summary>
internal static class SuperviseCommand
{
    public const string Name = "supervise";

    public static Command Create()
    {
        var data = ClusterCommand.Data();
        var command = new Command(Name, "Run the cluster of a folder in the foreground, as 'up' planned it.") { data };
        command.Hidden = true;
        command.SetAction(async (arguments, _) =>
        {
            var folder = ClusterFolder.Create(arguments.GetValue(data)!);
            if (ClusterPlan.TryRead(folder) is not { } plan)
            {
                return ClusterCommand.Refuse($"{folder.Plan} is missing. Start with {ClusterCommand.Line("cluster up")}");
            }

            Signals.LeaveSession();
            using var supervisor = new Supervisor(folder, plan);
            return await supervisor.RunAsync();
        });
        return command;
    }
}
