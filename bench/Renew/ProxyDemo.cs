using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary><c>./mesh demo proxies</c>: what the renew drill does, in a minute and in words.</summary>
internal static class ProxyDemo
{
    private const double RequestsPerSecond = 40;
    private const int Rounds = 4;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);

    /// <summary>0 when no handshake failed; 3 when a proxy is not installed.</summary>
    public static async Task<int> RunAsync(string? server, bool keep, CancellationToken cancellationToken)
    {
        if (RenewNeeds.Missing() is { } missing)
        {
            await Console.Error.WriteLineAsync($"demo: SKIPPED: {missing}; with it this demo shows certificates rotating under traffic.");
            return ClusterNeeds.Skipped;
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, keep);
        Step(1, "A control plane starts, and an agent beside it. Certificates live some seconds here, so that there is something to see; an hour is the default.");
        await using var stage = await RenewStage.StartAsync(scratch, server, life: null, cancellationToken);
        Say("The agent proved its node with a join token, and keeps files for two programs that know nothing of SPIFFE:");
        Files("nginx", stage.NginxFolder);
        Files("haproxy", stage.HaproxyFolder);
        Say("Each directory changes in one step, by the link that begins with two dots. Then nginx gets HUP, and haproxy's master USR2.");

        Step(2, "A client asks both of them. Each request is a connection of its own with a full handshake; both sides verify.");
        Say($"client  ->  nginx    is {stage.Nginx.Id}, at {stage.Nginx.Address}");
        Say($"client  ->  haproxy  is {stage.Haproxy.Id}, at {stage.Haproxy.Address}, and asks nginx in turn over mutual TLS");
        Say("The client's own certificate comes over the Workload API. It checks whom it talks to by SPIFFE ID.");
        await using var traffic = new ProxyTraffic([stage.Nginx, stage.Haproxy], RequestsPerSecond, () => stage.Client.Current);

        Step(3, "Certificates rotate under that traffic.");
        var clock = Stopwatch.StartNew();
        await WatchAsync(Rounds);

        Step(4, "The control plane is killed. Nobody notices: the agent serves what it holds, and goes on when the control plane is back.");
        await stage.RestartControlPlaneAsync(kill: true, cancellationToken);
        Say($"It was away for {stage.LongestOutage.TotalSeconds:0.0} s.");
        await WatchAsync(Rounds + 2);
        await traffic.StopAsync();

        Console.WriteLine();
        Console.WriteLine(
            $"{traffic.Requests} requests, each with a handshake of its own; {traffic.Failed} failed. nginx's certificate changed {stage.Nginx.Rotations} times, haproxy's {stage.Haproxy.Rotations}, the client's {stage.Client.Rotations}.");
        Console.WriteLine($"Kept connections carried {traffic.KeptRequests} more; reloads closed {traffic.Reconnects} of them, which were opened anew.");
        if (traffic.Failed > 0)
        {
            await Console.Error.WriteLineAsync($"demo: handshakes failed: {traffic.Told}");
        }

        return traffic.Failed == 0 && stage.Nginx.Rotations > 0 && stage.Haproxy.Rotations > 0 ? 0 : 1;

        async Task WatchAsync(int rotations)
        {
            var shown = new Dictionary<ProxyTarget, string>();
            while (clock.Elapsed < Longest && Math.Min(stage.Nginx.Rotations, stage.Haproxy.Rotations) < rotations)
            {
                foreach (var target in new[] { stage.Nginx, stage.Haproxy }.Where(target => target.Newest.Length > 0 && shown.GetValueOrDefault(target) != target.Newest))
                {
                    shown[target] = target.Newest;
                    Say($"{clock.Elapsed.TotalSeconds,5:0.0} s  {target.Name,-8} shows certificate {target.Newest[..8]}…   {traffic.Requests,5} requests, {traffic.Failed} failed");
                }

                await Task.Delay(Look, cancellationToken);
            }
        }
    }

    private static void Step(int number, string text) => Console.WriteLine($"\n{number}. {text}");

    private static void Say(string text) => Console.WriteLine($"   {text}");

    private static void Files(string name, string folder)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*.*em").Concat(Directory.EnumerateFiles(folder, "*.key")).Order(StringComparer.Ordinal))
        {
            var file = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)!;
            Say($"  {Convert.ToString((int)file.UnixFileMode, 8)}  {name}/{Path.GetFileName(path),-13} -> {new FileInfo(path).LinkTarget}");
        }
    }
}
