using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>
/// Two proxies under steady mutual-TLS traffic, both sides verifying, while their certificates and the client's rotate every few seconds and the control plane
/// restarts twice: no handshake fails. Then the control: the agent is killed, nothing is renewed any more, and the same count has to say so.
/// </summary>
internal static class RenewDrill
{
    public const string Name = "renew";
    private const int LeastRotations = 20;
    private const int LeastRequests = 10_000;
    private const double RequestsPerSecond = 110;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        if (RenewNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped($"drill {Name}", missing, options.Json);
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        await using var stage = await RenewStage.StartAsync(scratch, options.Server, life: null, cancellationToken);
        await using var traffic = new ProxyTraffic([stage.Nginx, stage.Haproxy], RequestsPerSecond, () => stage.Client.Current);
        var clock = Stopwatch.StartNew();
        var restarts = 0;
        while ((Rotations() < LeastRotations || traffic.Requests < LeastRequests) && clock.Elapsed < Longest)
        {
            // A third and two thirds on the way.
            if (restarts < 2 && Rotations() >= (restarts + 1) * LeastRotations / 3)
            {
                await stage.RestartControlPlaneAsync(kill: restarts == 1, cancellationToken);
                restarts++;
                Progress.Say($"{traffic.Requests} requests, {traffic.Failed} failed, {Rotations()} rotations");
            }

            await Task.Delay(Look, cancellationToken);
        }

        await traffic.StopAsync();
        var seconds = clock.Elapsed.TotalSeconds;
        var rotations = Rotations();
        var (nginx, haproxy, client) = (stage.Nginx.Rotations, stage.Haproxy.Rotations, stage.Client.Rotations);
        Progress.Say($"{traffic.Requests} requests, {traffic.Failed} failed, {rotations} rotations; now without renewal");
        var (controlRequests, controlFailed) = await ControlAsync(stage, cancellationToken);

        var figures = new FigureSet();
        figures.Set("host", MeshTree.Host);
        figures.Set("seconds", seconds, 1);
        figures.Set("svid_life_s", stage.Life.TotalSeconds, 1, "chosen so that half of it outlasts a restart on this machine");
        figures.Set("requests", (long)traffic.Requests, $"each with a full handshake of its own; at least {LeastRequests}");
        figures.Set("failed_handshakes", (long)traffic.Failed, traffic.Told.Length > 0 ? traffic.Told : "or requests without an answer of 200; has to be 0");
        figures.Set("rotations", (long)rotations, $"of the one that rotated least, as clients saw it; at least {LeastRotations}");
        figures.Set("rotations_nginx", (long)nginx);
        figures.Set("rotations_haproxy", (long)haproxy);
        figures.Set("rotations_client", (long)client);
        figures.Set("kept_requests", (long)traffic.KeptRequests, "over kept connections");
        figures.Set("reconnects", (long)traffic.Reconnects, "kept connections that a reload closed; opened anew, and asked once more");
        figures.Set("control_plane_restarts", (long)restarts, "one SIGTERM, one SIGKILL");
        figures.Set("longest_outage_s", stage.LongestOutage.TotalSeconds, 1, "of the control plane, until it was ready again");
        figures.Set("control_requests", (long)controlRequests, "the agent killed, for a certificate's life");
        figures.Set("control_failed_handshakes", (long)controlFailed, "has to be more than 0");
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (traffic.Requests >= LeastRequests, $"there were only {traffic.Requests} requests"),
            (traffic.Failed == 0, $"{traffic.Failed} handshakes failed: {traffic.Told}"),
            (traffic.Failed == 0 || stage.LongestOutage < stage.Life / 2,
                $"the control plane was away for {stage.LongestOutage.TotalSeconds:0.0} s, longer than the half of a certificate's life that renewal leaves: this machine is too busy to tell"),
            (rotations >= LeastRotations, $"there were only {rotations} rotations"),
            (restarts == 2, $"the control plane was restarted {restarts} times"),
            (traffic.KeptRequests > 0, "no kept connection was used"),
            (controlFailed > 0, "certificates that nobody renewed went unseen: the drill cannot fail"));

        int Rotations() => Math.Min(Math.Min(stage.Nginx.Rotations, stage.Haproxy.Rotations), stage.Client.Rotations);
    }

    private static async Task<(int Requests, int Failed)> ControlAsync(RenewStage stage, CancellationToken cancellationToken)
    {
        await stage.KillAgentAsync();
        await using var traffic = new ProxyTraffic([stage.Nginx, stage.Haproxy], RequestsPerSecond, () => stage.Client.Current);
        await Task.Delay(stage.Life + TimeSpan.FromSeconds(2), cancellationToken);
        await traffic.StopAsync();
        Progress.Say($"control: {traffic.Requests} requests, {traffic.Failed} failed: {traffic.Told}");
        return (traffic.Requests, traffic.Failed);
    }
}
