using System.CommandLine;

namespace MeshGrains.Bench;

/// <summary>The command line: <c>bench</c> and <c>drill NAME</c>.</summary>
internal static class CommandLine
{
    public static RootCommand Create() => new("Figures and failure drills of MeshGrains against real processes on loopback.") { Bench() };

    private static Command Bench()
    {
        var quick = new Option<bool>("--quick") { Description = "Shorter runs, rougher figures." };
        var json = JsonOption();
        var server = ServerOption();
        var keep = KeepOption();
        var command = new Command("bench", "Measure throughput, latency, start-up and memory, each beside the machine's own floor.") { quick, json, server, keep };
        command.SetAction((arguments, cancellationToken) => BenchCommand.RunAsync(
            new BenchOptions(arguments.GetValue(quick), arguments.GetValue(json), arguments.GetValue(server), arguments.GetValue(keep)), cancellationToken));
        return command;
    }

    private static Option<string?> JsonOption() => new("--json") { Description = "Also write the figures to this file, as one flat JSON object." };

    private static Option<string?> ServerOption() => new("--server") { Description = "The meshgrains executable; the release build of this tree unless told." };

    private static Option<bool> KeepOption() => new("--keep") { Description = "Keep the scratch folder with the data directory." };
}
