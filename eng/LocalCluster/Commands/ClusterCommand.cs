using System.CommandLine;

namespace MeshGrains.LocalCluster;

/// <summary>The command line of <c>./mesh cluster</c>.</summary>
internal static class ClusterCommand
{
    public const string DefaultData = ".mesh-cluster";
    public const int MaxSilos = 32;

    /// <summary>Exit code for what another try cannot mend: wrong arguments, a missing program, a host that cannot cluster.</summary>
    public const int CannotWork = 2;

    public static RootCommand Create() => new("A cluster on this machine: Redis, a blob service, silos and a gateway as processes.")
    {
        UpCommand.Create(), ScaleCommand.Create(), StatusCommand.Create(), DownCommand.Create(), SuperviseCommand.Create(),
    };

    public static Option<string> Data() => new("--data", "-d")
    {
        Description = $"The cluster's folder. Default {DefaultData}", HelpName = "DIR", DefaultValueFactory = _ => DefaultData,
    };

    /// <summary>The line that a person types, for a command of the <c>mesh</c> script.</summary>
    public static string Line(string words) => $"{(Environment.GetEnvironmentVariable("MESH_COMMAND") is { Length: > 0 } mesh ? mesh : "./mesh")} {words}";

    public static int Refuse(string why)
    {
        Console.Error.WriteLine($"mesh cluster: {why}");
        return CannotWork;
    }

    public static int Fail(string why)
    {
        Console.Error.WriteLine($"mesh cluster: {why}");
        return 1;
    }

    public static int NoneRuns(ClusterFolder folder) => Fail($"no cluster runs over {folder.Root}. Start one: {Line("cluster up --silos 3")}");
}
