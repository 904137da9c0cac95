using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl demo</c>: two workloads get identities and talk, shown step by step.</summary>
internal static class DemoCommand
{
    public static Command Create(CliHost host)
    {
        var data = new Option<string>("--data", "-d")
        {
            Description = "Data directory of a silo on this machine.", HelpName = "DIR", DefaultValueFactory = _ => ConnectionOptions.DefaultData,
        };
        var work = new Option<string?>("--work") { Description = "Directory for the demo's files, which then stay. Default: a temporary one.", HelpName = "DIR" };
        var command = new TaughtCommand(
            "demo", "Show, step by step against a running control plane, how workloads get identities and talk over mutual TLS. Exit code 0 when all held.", "demo", "demo --work demo")
        {
            data, work,
        };
        command.Does(host, async (call, cancellationToken) =>
        {
            var temporary = call.Get(work) is null ? Directory.CreateTempSubdirectory("mesh-demo-") : null;
            try
            {
                var stage = new DemoStage(call, call.Get(data)!);
                var place = call.Get(work) ?? temporary!.FullName;
                Directory.CreateDirectory(place);
                await new DemoStory(stage, call.Host.Time, call.Get(data)!, place).TellAsync(cancellationToken);
                return stage.Close() ? ExitCode.Done : ExitCode.Failed;
            }
            finally
            {
                temporary?.Delete(recursive: true);
            }
        });
        return command;
    }
}
