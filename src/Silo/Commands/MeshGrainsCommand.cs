using System.CommandLine;

namespace MeshGrains.Silo;

/// <summary>The command line of <c>meshgrains</c>.</summary>
internal static class MeshGrainsCommand
{
    public static RootCommand Create() => new($"MeshGrains: a workload-identity control plane (grain host: {GrainHost.Name}).")
    {
        UpCommand.Create(),
        GatewayCommand.Create(),
        CheckConfigCommand.Create(),
        DeclareRestoreCommand.Create(),
        HealthCommand.Create(),
    };
}
