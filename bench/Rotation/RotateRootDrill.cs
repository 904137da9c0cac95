using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>
/// Two federated trust domains rotate their roots twice each under mutual-TLS traffic through nginx and haproxy; one rotation is rolled back, the control plane
/// is killed in every phase, an agent is frozen before a drain and thawed after it: no handshake fails, nothing of a root that left is left, and a certificate
/// by one domain's root that names the other is believed by nobody. Then the control: without gates the same count has to say so.
/// </summary>
internal static class RotateRootDrill
{
    public const string Name = "rotate-root";
    private const double RequestsPerSecond = 150;
    private const int LeastAroundReload = 100;
    private const string ControlGates = "fence, certificates, agents, outside, hold";
    private static readonly TimeSpan Around = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(45);

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        if (RenewNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped($"drill {Name}", missing, options.Json);
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        await using var stage = await RotationStage.StartAsync(scratch, options.Server, options.Life, cancellationToken);
        var clock = Stopwatch.StartNew();
        var before = await stage.ForgeAsync(cancellationToken);
        var run = new RotationRun(stage, Look, Longest, Settle);
        await using var reloads = new ReloadWatch(stage.Folders);
        await using var first = new ProxyTraffic(stage.FirstTargets, RequestsPerSecond, () => stage.FirstClient.Current);
        await using var second = new ProxyTraffic(stage.SecondTargets, RequestsPerSecond, () => stage.SecondClient.Current);
        await Task.Delay(Around * 2, cancellationToken);
        await Task.WhenAll(FirstAsync(), SecondAsync());
        await Task.Delay(Around * 2, cancellationToken);
        var seen = reloads.Moments;
        await Task.WhenAll(first.StopAsync(), second.StopAsync());
        var after = await stage.ForgeAsync(cancellationToken);
        var seconds = clock.Elapsed.TotalSeconds;
        var requests = first.Requests + second.Requests;
        var failed = first.Failed + second.Failed;
        var told = string.Join("; ", new[] { first.Told, second.Told }.Where(text => text.Length > 0));
        var around = ReloadWatch.Fewest(seen, [.. first.Moments, .. second.Moments], Around);
        Progress.Say($"{requests} handshakes, {failed} failed, {run.Rotations} rotations; now without gates");
        var control = await ControlAsync(stage, cancellationToken);

        var (accepted, shown) = (before.Accepted + after.Accepted, before.Shown + after.Shown);
        var figures = new FigureSet();
        figures.Set("host", MeshTree.Host);
        figures.Set("seconds", seconds, 1);
        figures.Set("svid_life_s", stage.Life.TotalSeconds, 1, "of every certificate, agents' own included; chosen so that half of it outlasts a restart on this machine");
        figures.Set("handshakes", (long)requests, "each a request with a full handshake of its own, through a listener and a CA file per trust domain");
        figures.Set("failed_handshakes", (long)failed, told.Length > 0 ? told : "or requests without an answer of 200; has to be 0");
        figures.Set("reconnects", (long)(first.Reconnects + second.Reconnects), "kept connections that a reload closed; opened anew, and asked once more");
        figures.Set("reloads", (long)seen.Count, "changes of a proxy's files");
        figures.Set("fewest_handshakes_around_reload", around, $"within {Around.TotalSeconds:0} s of one; at least {LeastAroundReload}");
        figures.Set("rotations", (long)run.Rotations, "that came to their end with the next root; at least 3");
        figures.Set("rollbacks", (long)run.Rollbacks, "that ended with the former root; 1");
        figures.Set("phases_interrupted", (long)run.Interrupted.Count, $"SIGKILL to the control plane in {string.Join(", ", run.Interrupted)}; has to be {RotationState.Phases.Length}");
        figures.Set("longest_outage_s", Math.Max(stage.First.LongestOutage.TotalSeconds, stage.Second.LongestOutage.TotalSeconds), 1, "of a control plane, until it was ready again");
        figures.Set("frozen_s", run.Frozen.TotalSeconds, 1, "an agent, SIGSTOP before the drain, SIGCONT after it");
        figures.Set("frozen_is_back", run.FrozenIsBack, "it serves again, and nothing that chains to the root that left");
        figures.Set("old_root_alive", (long)run.Alive.Count, run.Alive.Count > 0 ? string.Join("; ", run.Alive) : "places where a root that left still counts; has to be 0");
        figures.Set("cross_domain_shown", (long)shown, "certificates by one domain's root that name the other, shown to every listener and validator");
        figures.Set("cross_domain_accepted", (long)accepted, accepted > 0 ? before.Told + after.Told : "has to be 0");
        figures.Set("cross_domain_control_accepted", (long)(before.ControlAccepted + after.ControlAccepted), "the same maker with a name of its own domain: has to be more than 0");
        figures.Set("control_handshakes", (long)control.Requests, $"a rotation without the gates {ControlGates}");
        figures.Set("control_failed_handshakes", (long)control.Failed, "has to be more than 0");
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (failed == 0, $"{failed} handshakes failed: {told}"),
            (failed == 0 || Math.Max(stage.First.LongestOutage.TotalSeconds, stage.Second.LongestOutage.TotalSeconds) < stage.Life.TotalSeconds / 2,
                "a control plane was away for longer than the half of a certificate's life that renewal leaves: this machine is too busy to tell, give a longer --life"),
            (around >= LeastAroundReload, $"there were only {around} handshakes around a reload: this machine is too busy to tell"),
            (run.Rotations >= 3 && run.Rollbacks == 1, $"{run.Rotations} rotations ended well and {run.Rollbacks} were rolled back"),
            (run.Interrupted.Count == RotationState.Phases.Length, $"the control plane was killed in {string.Join(", ", run.Interrupted)} alone"),
            (run.FrozenIsBack, "the agent that was frozen did not come back"),
            (run.Alive.Count == 0, $"a root that left still counts: {string.Join("; ", run.Alive)}"),
            (accepted == 0, $"a certificate was believed across domains: {before.Told}{after.Told}"),
            (before.ControlAccepted + after.ControlAccepted > 0, "the forged certificates are refused whatever they name: they prove nothing"),
            (control.Failed > 0, "a rotation without gates went unseen: the drill cannot fail"));

        async Task FirstAsync()
        {
            await run.RotateAsync(stage.First, killed: true, rollBack: false, freeze: false, cancellationToken);
            await run.RotateAsync(stage.First, killed: false, rollBack: false, freeze: true, cancellationToken);
        }

        async Task SecondAsync()
        {
            await run.RotateAsync(stage.Second, killed: false, rollBack: true, freeze: false, cancellationToken);
            await run.RotateAsync(stage.Second, killed: false, rollBack: false, freeze: false, cancellationToken);
        }
    }

    private static async Task<(int Requests, int Failed)> ControlAsync(RotationStage stage, CancellationToken cancellationToken)
    {
        await stage.First.RestartWithoutAsync(ControlGates, stage.Second, cancellationToken);
        await using var first = new ProxyTraffic(stage.FirstTargets, RequestsPerSecond, () => stage.FirstClient.Current);
        await using var second = new ProxyTraffic(stage.SecondTargets, RequestsPerSecond, () => stage.SecondClient.Current);
        var run = new RotationRun(stage, Look, Longest, TimeSpan.Zero);
        await run.RotateAsync(stage.First, killed: false, rollBack: false, freeze: false, cancellationToken);
        await Task.Delay(Around * 3, cancellationToken);
        await Task.WhenAll(first.StopAsync(), second.StopAsync());
        Progress.Say($"control: {first.Requests + second.Requests} handshakes, {first.Failed + second.Failed} failed: {first.Told} {second.Told}");
        return (first.Requests + second.Requests, first.Failed + second.Failed);
    }
}
