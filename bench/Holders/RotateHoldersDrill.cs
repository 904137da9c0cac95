using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MeshGrains.Bench;

/// <summary>
/// A root with many live certificates is given up as compromised: their holders, simulated, replace them along the slope that was chosen, until nothing live chains to it.
/// Then the control: an order without a slope, which the same judgement has to call a herd.
/// </summary>
internal static class RotateHoldersDrill
{
    public const string Name = "rotate-holders";
    public const int DefaultHolders = 100_000;
    public const int DefaultRate = 300;
    public const int LeastHolders = 100;
    public const int MostHolders = 200_000;

    /// <summary>Renewals at half of a life fall into the slope too: the longer a life, the fewer.</summary>
    private const double LifeOfSlope = 3.6;
    private const int LeastLife = 120;
    private const int ControlOver = 1;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ControlPatience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan ObtainPatience = TimeSpan.FromMinutes(30);

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        var slope = Math.Max(1, (int)Math.Ceiling((double)options.Holders / options.Rate));
        var chosen = (double)options.Holders / slope;
        var life = Math.Max(LeastLife, (int)(LifeOfSlope * slope));
        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var tokens = new TestCluster(scratch.Path);
        await using var silo = await SiloProcess.StartAsync(
            new SiloSetup
            {
                Program = options.Server ?? MeshTree.Program("Silo", "meshgrains"), Data = Path.Combine(scratch.Path, "data"), ConfigFile = tokens.WriteConfig(Config(life)), Flags = ["--allow-short-lives"],
            },
            cancellationToken);
        await silo.UntilReadyAsync(cancellationToken);
        var memoryBefore = ProcessStat.ResidentMegabytes(silo.Process.Id);
        await using var fleet = new HolderFleet(silo);

        var clock = Stopwatch.StartNew();
        await fleet.RegisterAsync(options.Holders, cancellationToken);
        var registered = clock.Elapsed;
        Progress.Say($"{options.Holders} holders are registered under {fleet.Agents.Length} agents after {registered.TotalSeconds:0} s; certificates live {life} s");
        clock.Restart();
        fleet.Start();
        await fleet.UntilAsync("holders have a certificate", options.Holders, _ => true, ObtainPatience, cancellationToken);
        var obtained = clock.Elapsed;
        var liveAtStart = await LiveAsync(silo, cancellationToken);
        Progress.Say($"all have one after {obtained.TotalSeconds:0} s, {liveAtStart} live by the log; the rotation begins, to be re-issued at {chosen:0.#}/s over {slope} s");

        var (cpu, cpuOfAll, cpuOfLoad) = (ProcessStat.CpuSeconds(silo.Process.Id), ProcessStat.MachineCpuSeconds(), ProcessStat.CpuSeconds(Environment.ProcessId));
        clock.Restart();
        using (await silo.Admin.PostAsync(
            "rotation", new JsonObject { ["reason"] = "drill", ["compromised"] = true, ["reissueOverSeconds"] = slope }, cancellationToken))
        {
        }

        var course = await RotationCourse.FollowAsync(silo, fleet, Look, TimeSpan.FromSeconds((2 * life) + 300), cancellationToken);
        var total = clock.Elapsed.TotalSeconds;
        var liveAtEnd = fleet.Tally.LiveUnder(course.LeavingRoot, DateTimeOffset.UtcNow);
        var heldAtEnd = fleet.Count(one => one.Root == course.LeavingRoot);
        cpu = ProcessStat.CpuSeconds(silo.Process.Id) - cpu;
        cpuOfLoad = ProcessStat.CpuSeconds(Environment.ProcessId) - cpuOfLoad;
        var others = Math.Max(0, 1 - ((cpu + cpuOfLoad) / Math.Max(0.001, ProcessStat.MachineCpuSeconds() - cpuOfAll)));
        var from = fleet.Tally.FirstOrder ?? 0;
        var reissues = fleet.Tally.PerSecond(HolderCause.Reissue, from, fleet.Tally.Second);
        var renewals = fleet.Tally.PerSecond(HolderCause.Renewal, from, from + slope).Sum();
        var seen = Slope.Of(reissues, slope);
        var (issued, failures, postponed) = (fleet.Tally.Issued, fleet.Tally.Failures, fleet.Tally.Postponed);
        var peak = ProcessStat.PeakMegabytes(silo.Process.Id);
        Progress.Say($"done after {total:0} s; now an order without a slope");
        var control = await ControlAsync(silo, fleet, chosen, cancellationToken);

        var failed = failures.Values.Sum();
        var told = string.Join("; ", failures.Take(3).Select(one => $"{one.Value} x {one.Key}"));
        var mostReplaced = TimeSpan.FromSeconds(slope * Slope.Tolerance) + Settle;
        var figures = new FigureSet();
        figures.Set("host", MeshTree.Host);
        figures.Set("holders", (long)options.Holders, $"simulated, each an identity with a live certificate, under {fleet.Agents.Length} simulated agents");
        figures.Set("live_at_start", liveAtStart, "by the log; agents' own certificates included");
        figures.Set("svid_life_s", (long)life);
        figures.Set("slope_s", (long)slope, "the time over which they were to be re-issued");
        figures.Set("chosen_per_s", chosen, 1);
        figures.Set("reissued", (long)reissues.Sum(), "before their half life, by the order");
        figures.Set("renewed_in_slope", (long)renewals, "at their half life within the slope's time: the rest of the holders");
        figures.Set("reissued_per_s_mean", seen.Mean, 1, "over the slope's time");
        figures.Set("reissued_per_s_p99", seen.P99, 1, "of its seconds");
        figures.Set("reissued_per_s_max", seen.Max, 1, $"in any {Slope.Window} s; at most {Slope.Tolerance} times the chosen rate");
        figures.Set("replaced_s", course.Replaced?.TotalSeconds, 1, $"from the order until nobody held a certificate of the root that leaves; at most {mostReplaced.TotalSeconds:0}");
        figures.Set("drain_s", course.Drain.TotalSeconds, 1, "until the log counted nothing live under it: replaced ones count until they end");
        figures.Set("total_s", total, 1, "of the rotation");
        figures.Set("passed_by", course.PassedBy, course.PassedBy is null ? "gates that a drain's deadline passed by; has to be none" : "has to be none");
        figures.Set("live_of_old_root_end", liveAtEnd, "of all certificates that were received under the root that left, those that had not ended when the rotation had; has to be 0");
        figures.Set("held_of_old_root_end", (long)heldAtEnd, "has to be 0");
        figures.Set("issued", (long)issued, "in all, ordinary renewals included");
        figures.Set("failed", (long)failed, told.Length > 0 ? told : "refusals, and certificates that ended before there was another; has to be 0");
        figures.Set("asked_again", (long)postponed, "after an answer UNAVAILABLE, or a session that ended under a call");
        figures.Set("invalid", (long)fleet.Tally.Invalid, fleet.Tally.FirstInvalid ?? "of those that were validated in full, by the bundle of their moment; has to be 0");
        figures.Set("register_s", registered.TotalSeconds, 1);
        figures.Set("obtain_s", obtained.TotalSeconds, 1, "until each had its first certificate");
        figures.Set("look_p50_ms", course.LookMedian, 1, "one look at the rotation's gates over REST, its count over the log included");
        figures.Set("look_max_ms", course.LookMax, 1);
        figures.Set("silo_start_memory_mb", memoryBefore, 0);
        figures.Set("silo_peak_memory_mb", peak, 0);
        figures.Set("silo_cpu_share", cpu / (total * Environment.ProcessorCount), 3, "of all cores, over the rotation");
        figures.Set("others_cpu_share", others, 3, "of the time that was used: processes that are none of these");
        figures.Set("control_at_once_per_s_max", control.Max, 1, $"the same holders ordered to replace all within {ControlOver} s, in any {Slope.Window} s: has to be above the tolerance");
        figures.Set("cores", (long)Environment.ProcessorCount);
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (liveAtStart >= options.Holders, $"only {liveAtStart} certificates lived at the start"),
            (seen.Keeps(chosen), $"{seen.Max:0.#} certificates a second were re-issued in {Slope.Window} s, {chosen:0.#} were chosen"),
            (reissues.Sum() > 0, "nothing was re-issued by the order"),
            (course.Replaced is { } replaced && replaced <= mostReplaced, $"certificates of the root that left were held for {course.Replaced?.TotalSeconds.ToString("0", CultureInfo.InvariantCulture) ?? "?"} s after the order"),
            (course.PassedBy is null, $"a drain's gates were passed by: {course.PassedBy}"),
            (liveAtEnd == 0 && heldAtEnd == 0, $"{liveAtEnd} certificates of the root that left were live at the end, {heldAtEnd} held"),
            (failed == 0, $"{failed} failures: {told}"),
            (fleet.Tally.Invalid == 0, $"{fleet.Tally.Invalid} certificates are not good: {fleet.Tally.FirstInvalid}"),
            (!control.Keeps(chosen), "an order without a slope went unseen: the drill cannot fail"));
    }

    /// <summary>The issuing CA is tainted, and what it signed is to be replaced within a second.</summary>
    private static async Task<Slope> ControlAsync(SiloProcess silo, HolderFleet fleet, double chosen, CancellationToken cancellationToken)
    {
        string issuing;
        using (var status = await silo.Admin.GetAsync("status", cancellationToken))
        {
            issuing = status.RootElement.GetProperty("issuer").GetProperty("authorityId").GetString()!;
        }

        fleet.Tally.ForgetOrder();
        var from = fleet.Tally.Second;
        using var answer = await silo.Admin.PostAsync(
            $"issuing-cas/{issuing}/taint", new JsonObject { ["reason"] = "drill", ["reissueOverSeconds"] = ControlOver }, cancellationToken);

        for (var clock = Stopwatch.StartNew(); ;)
        {
            await Task.Delay(Look, cancellationToken);
            var herd = Slope.Of(fleet.Tally.PerSecond(HolderCause.Reissue, fleet.Tally.FirstOrder ?? from, fleet.Tally.Second), ControlOver);
            if (!herd.Keeps(chosen) || clock.Elapsed > ControlPatience)
            {
                return herd;
            }
        }
    }

    private static async Task<long> LiveAsync(SiloProcess silo, CancellationToken cancellationToken)
    {
        using var status = await silo.Admin.GetAsync("status", cancellationToken);
        var live = status.RootElement.GetProperty("liveCertificates");
        return live.EnumerateObject().Sum(one => one.Value.GetInt64());
    }

    private static string Config(int life) =>
        $$"""
        svid:
          defaultTtl: {{life}}s
          maxTtl: {{life}}s
          clockSkew: 1s
        rotation:
          # The drain waits for the count and for no deadline.
          compromisedWithin: {{life + 600}}s
          outsideLag: 0s
          automatic: false
          lookEvery: 2s
        """;
}
