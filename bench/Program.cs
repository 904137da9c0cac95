using System.CommandLine;
using MeshGrains.Bench;

// The same program is its own load generator, in a process apart so that CPU time can be told apart.
switch (args)
{
    case [LoadProcess.Command, var planFile]:
        var plan = LoadPlan.Read(planFile);
        (await LoadRun.RunAsync(plan, CancellationToken.None)).Write(plan.ResultFile);
        return 0;
    case [FloodRun.Command, .. { Length: 4 } arguments]:
        Console.WriteLine(await FloodRun.RunAsync(arguments, CancellationToken.None));
        return 0;
    default:
        // The commands bound their own ends; the library would cut a stop off after two seconds.
        return await CommandLine.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(10) });
}
