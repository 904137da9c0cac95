using System.CommandLine;

namespace MeshGrains.Bench;

/// <summary>The command line: <c>bench</c> and <c>drill NAME</c>.</summary>
internal static class CommandLine
{
    public static RootCommand Create() => new("Figures and failure drills of MeshGrains against real processes on loopback.") { Bench(), Drill() };

    private static Command Bench()
    {
        var quick = new Option<bool>("--quick") { Description = "Shorter runs, rougher figures." };
        var json = JsonOption();
        var server = ServerOption();
        var keep = KeepOption();
        var only = new Option<BenchPart[]>("--only") { Description = "Measure these parts alone; the figures of the others are null.", AllowMultipleArgumentsPerToken = true };
        var command = new Command("bench", "Measure throughput, latency, start-up and memory, each beside the machine's own floor.") { quick, json, server, keep, only };
        command.SetAction((arguments, cancellationToken) => BenchCommand.RunAsync(
            new BenchOptions(
                arguments.GetValue(quick), arguments.GetValue(json), arguments.GetValue(server), arguments.GetValue(keep), arguments.GetValue(only) ?? []),
            cancellationToken));
        return command;
    }

    private static Command Drill()
    {
        var name = new Argument<string>("name") { Description = "crash or kms-outage." };
        name.AcceptOnlyFromAmong(CrashDrill.Name, KmsOutageDrill.Name);
        var json = JsonOption();
        var server = ServerOption();
        var keep = KeepOption();
        var seed = new Option<int>("--seed") { Description = "Of the random moments; told in the result.", DefaultValueFactory = _ => Random.Shared.Next() };
        var kills = new Option<int?>("--kills") { Description = "crash: how many kills; fewer than 30 do not pass. Default 30." };
        var life = new Option<int>("--life") { Description = "kms-outage: life of an issuing CA in seconds, 20 or more.", DefaultValueFactory = _ => 30 };
        var command = new Command("drill", "A failure drill against real processes: crash, kms-outage. Ends with 0 when it passed.") { name, json, server, keep, seed, kills, life };
        command.SetAction((arguments, cancellationToken) =>
        {
            var options = new DrillOptions(
                arguments.GetValue(json), arguments.GetValue(server), arguments.GetValue(keep), arguments.GetValue(seed), arguments.GetValue(kills),
                TimeSpan.FromSeconds(arguments.GetValue(life)));
            return arguments.GetValue(name) == CrashDrill.Name
                ? CrashDrill.RunAsync(options, cancellationToken)
                : KmsOutageDrill.RunAsync(options, cancellationToken);
        });
        return command;
    }

    private static Option<string?> JsonOption() => new("--json") { Description = "Also write the figures to this file, as one flat JSON object." };

    private static Option<string?> ServerOption() => new("--server") { Description = "The meshgrains executable; the release build of this tree unless told." };

    private static Option<bool> KeepOption() => new("--keep") { Description = "Keep the scratch folder with the data directory." };
}
