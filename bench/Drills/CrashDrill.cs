namespace MeshGrains.Bench;

/// <summary>
/// Kills a silo under issuing load, half of the times at a random moment and half at named points; what was not synced is dropped. Then the controls:
/// with a fault planted the same checks have to find lost records, or they prove nothing.
/// </summary>
internal static class CrashDrill
{
    public const string Name = "crash";
    private const int LeastKills = 30;
    private const int ControlKills = 3;

    /// <summary>The silo's lives are many: a budget for issuing CAs that none of them runs into.</summary>
    private const string Config = """
        ca:
          issuingCaBudgetPerHour: 100000
        """;

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var cluster = new TestCluster(scratch.Path);
        var random = new Random(options.Seed);
        var setup = new SiloSetup
        {
            Program = options.Server ?? MeshTree.Program("Silo", "meshgrains"),
            Data = Path.Combine(scratch.Path, "data"),
            ConfigFile = cluster.WriteConfig(Config),
        };
        var drill = new CrashSeries("crash", setup, new CrashLoad(cluster), kill => CrashPoint.Of(kill, random));
        var result = await drill.RunAsync(options.Kills ?? LeastKills, FaultEnvironment.DropUnsynced, cancellationToken);
        var late = await ControlAsync("control: record after reply", FaultEnvironment.RecordAfterReply);
        var unsynced = await ControlAsync("control: no sync", FaultEnvironment.NoSync);

        var figures = new FigureSet();
        figures.Set("kills", (long)result.Kills, $"at least {LeastKills}");
        figures.Set("kills_at_points", (long)result.AtPoints, string.Join(", ", CrashPoint.Names));
        figures.Set("issued", (long)result.Issued, $"certificates received by {CrashLoad.Clients} clients");
        figures.Set("unrecorded", (long)result.Unrecorded, "has to be 0");
        figures.Set("duplicate_serials", (long)result.DuplicateSerials, "has to be 0");
        figures.Set("registrations", (long)result.Registrations, "acknowledged");
        figures.Set("lost_registrations", (long)result.LostRegistrations, "has to be 0");
        figures.Set("control_record_after_reply_unrecorded", (long)late.Unrecorded, "has to be more than 0: the planted fault is found");
        figures.Set("control_no_sync_unrecorded", (long)unsynced.Unrecorded, "has to be more than 0: the planted fault is found");
        figures.Set("seed", (long)options.Seed);
        figures.Set("host", MeshTree.Host);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (result.Kills >= LeastKills, $"there were only {result.Kills} kills"),
            (result.Issued > 0, "nothing was issued"),
            (result.Registrations > 0, "nothing was registered"),
            (result.Unrecorded == 0, $"{result.Unrecorded} certificates are not in the log"),
            (result.DuplicateSerials == 0, $"{result.DuplicateSerials} serials were used twice"),
            (result.LostRegistrations == 0, $"{result.LostRegistrations} acknowledged registrations are gone"),
            (late.Unrecorded > 0, "recording after the reply went unseen: the drill cannot fail"),
            (unsynced.Unrecorded > 0, "missing syncs went unseen: the drill cannot fail"));

        async Task<CrashTally> ControlAsync(string name, IReadOnlyDictionary<string, string?> fault)
        {
            var state = setup with { Data = Path.Combine(scratch.Path, "control-" + Guid.NewGuid().ToString("N")[..8]) };
            await using (var first = await SiloProcess.StartAsync(state, cancellationToken))
            {
                // The trust domain is made without the fault, so that every later start finds it.
                await first.UntilReadyAsync(cancellationToken);
                await first.Process.StopAsync(TimeSpan.FromSeconds(20));
            }

            var control = new CrashSeries(name, state, new CrashLoad(cluster), kill => new CrashPoint(null, 0, TimeSpan.FromMilliseconds(random.Next(400, 900))));
            return await control.RunAsync(ControlKills, fault, cancellationToken);
        }
    }
}
