using System.CommandLine;
using System.Diagnostics;

namespace MeshGrains.LocalCluster;

/// <summary><c>up</c>: starts a cluster and leaves it running.</summary>
internal static class UpCommand
{
    private const int DefaultSilos = 3;
    private const string DefaultTrustDomain = "mesh.local";
    private const string DefaultListen = "127.0.0.1:8443";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static Command Create()
    {
        var silos = new Option<int?>("--silos") { Description = $"How many silos, 1 to {ClusterCommand.MaxSilos}. Default {DefaultSilos}, or as many as before", HelpName = "N" };
        var data = ClusterCommand.Data();
        var trustDomain = new Option<string?>("--trust-domain", "-t") { Description = $"Default {DefaultTrustDomain}", HelpName = "TD" };
        var listen = new Option<string?>("--listen") { Description = $"Where the gateway listens. Default {DefaultListen}", HelpName = "ADDRESS:PORT" };
        var config = new Option<string?>("--config", "-c") { Description = "Configuration that all silos share (see infra/meshgrains.yaml).", HelpName = "FILE" };
        var set = new Option<string[]>("--set") { Description = "A configuration value for all silos. May be repeated.", HelpName = "KEY=VALUE" };
        var keys = new Option<string?>("--keys") { Description = "Key manager URI for all silos. Default: sealed files in the folder", HelpName = "URI" };
        var redis = new Option<string[]>("--redis") { Description = "A Redis instead of one of its own. May be repeated.", HelpName = "HOST:PORT" };
        var redisUser = new Option<string?>("--redis-user") { HelpName = "USER" };
        var redisPassword = new Option<string?>("--redis-password-file") { HelpName = "FILE" };
        var blob = new Option<string?>("--blob") { Description = "A blob service, with its account, instead of an Azurite of its own.", HelpName = "ENDPOINT" };
        var blobKey = new Option<string?>("--blob-key-file") { Description = "File with the account's key; none: workload or managed identity.", HelpName = "FILE" };
        var command = new Command("up", "Start a cluster on this machine and leave it running: Redis, Azurite, silos and a gateway.")
        {
            silos, data, trustDomain, listen, config, set, keys, redis, redisUser, redisPassword, blob, blobKey,
        };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            if (MeshTree.Host != "Orleans")
            {
                return ClusterCommand.Refuse(
                    $"this tree is built for the {MeshTree.Host} grain host, which is one process. A cluster needs Orleans' packages: "
                    + "build where the package feed has Microsoft.Orleans.* 10.4.2, with GrainHost=Orleans.");
            }

            var folder = ClusterFolder.Create(arguments.GetValue(data)!);
            if (folder.Fault is { } fault)
            {
                return ClusterCommand.Refuse(fault);
            }

            if (await StandingAsync(folder, cancellationToken) is { } running)
            {
                Console.WriteLine($"A cluster runs over {folder.Root} already; change its size with {ClusterCommand.Line("cluster scale N")}");
                StatusTable.Print(Console.Out, running, DateTimeOffset.UtcNow);
                return 0;
            }

            var before = ClusterPlan.TryRead(folder);
            if (arguments.GetValue(trustDomain) is { } asked && before is not null && asked != before.TrustDomain)
            {
                return ClusterCommand.Refuse($"{folder.Root} holds the trust domain {before.TrustDomain}, not {asked}. Give {asked} a folder of its own with --data.");
            }

            var plan = new ClusterPlan(
                arguments.GetValue(trustDomain) ?? before?.TrustDomain ?? DefaultTrustDomain,
                arguments.GetValue(silos) ?? before?.Silos ?? DefaultSilos,
                arguments.GetValue(listen) ?? before?.Listen ?? DefaultListen,
                FullPath(arguments.GetValue(config)) ?? before?.ConfigFile,
                arguments.GetValue(redis) is { Length: > 0 } given
                    ? new RedisAddress(string.Join(',', given), arguments.GetValue(redisUser) ?? "", FullPath(arguments.GetValue(redisPassword)) ?? "")
                    : before?.Redis,
                arguments.GetValue(blob) is { } endpoint ? new BlobAddress(endpoint, FullPath(arguments.GetValue(blobKey)) ?? "") : before?.Blob,
                arguments.GetValue(keys) ?? before?.KeyUri,
                arguments.GetValue(set) is { Length: > 0 } settings ? settings : before?.Settings ?? []);
            if (plan.Silos is < 1 or > ClusterCommand.MaxSilos)
            {
                return ClusterCommand.Refuse($"give 1 to {ClusterCommand.MaxSilos} silos, not {plan.Silos}.");
            }

            if (await MissingAsync(plan, cancellationToken) is { } missing)
            {
                return ClusterCommand.Refuse(missing);
            }

            plan.Write(folder);
            return await StartAsync(folder, plan, cancellationToken);
        });
        return command;
    }

    /// <summary>The cluster that runs there; one that is about to end is waited for.</summary>
    private static async Task<ClusterStatus?> StandingAsync(ClusterFolder folder, CancellationToken cancellationToken)
    {
        while (true)
        {
            var answer = await ControlClient.TryAskAsync(folder, new ControlRequest(ControlRequest.Status), cancellationToken);
            if (answer?.Status is not { Phase: ClusterStatus.Stopping or ClusterStatus.Failed })
            {
                return answer?.Status;
            }

            await Task.Delay(200, cancellationToken);
        }
    }

    /// <summary>What is not installed and cannot be; null when all is there.</summary>
    private static async Task<string?> MissingAsync(ClusterPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Blob is null && !AzuriteServer.IsInstalled)
        {
            Console.Error.WriteLine($"mesh cluster: installing {AzuriteServer.Package} below {MeshTree.Artifacts}/tools with npm…");
            try
            {
                await AzuriteServer.InstallAsync(cancellationToken);
            }
            catch (Exception failure) when (failure is FileNotFoundException or InvalidOperationException)
            {
                return $"{failure.Message} Install it, or give a blob service with --blob.";
            }
        }

        return ClusterStores.Missing(plan.Redis is not null, plan.Blob is not null) is { } missing ? $"{missing}. Install it, or give one with --redis or --blob." : null;
    }

    private static async Task<int> StartAsync(ClusterFolder folder, ClusterPlan plan, CancellationToken cancellationToken)
    {
        Console.Error.WriteLine($"mesh cluster: starting stores, {plan.Silos} silos and a gateway…");
        using var supervisor = Launch(folder);
        var said = "";
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Patience;)
        {
            await Task.Delay(300, cancellationToken);
            var answer = await ControlClient.TryAskAsync(folder, new ControlRequest(ControlRequest.Status), cancellationToken);
            switch (answer?.Status)
            {
                case { Phase: ClusterStatus.Running } status:
                    Greeting.Print(Console.Out, folder, status);
                    return 0;
                case { Phase: ClusterStatus.Failed } status:
                    return ClusterCommand.Fail($"the cluster did not start: {status.Fault}");
                case { } status when Progress(status) is var now && now != said:
                    Console.Error.WriteLine($"mesh cluster: {now}");
                    said = now;
                    break;
                default:
                    break;
            }

            if (supervisor.HasExited)
            {
                return ClusterCommand.Fail($"the supervisor ended with {supervisor.ExitCode}; {folder.SupervisorLog} says why:\n{Tail(folder.SupervisorLog)}");
            }
        }

        return ClusterCommand.Fail($"the cluster is not ready after {Patience.TotalMinutes:0} minutes; {folder.SupervisorLog} and {folder.Log("silo-1")} say why.");
    }

    private static string Progress(ClusterStatus status)
        => string.Join(", ", status.Silos.Append(status.Gateway).OfType<MemberStatus>().Select(member => $"{member.Name} {(member.Ready == true ? "ready" : member.State)}"))
            is { Length: > 0 } text ? text : "stores";

    /// <summary>Through a shell, so that the supervisor holds none of this terminal's files.</summary>
    private static Process Launch(ClusterFolder folder)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" </dev/null >>\"$0\" 2>&1", folder.SupervisorLog, Environment.ProcessPath!, SuperviseCommand.Name, "--data", folder.Root])
        {
            WorkingDirectory = folder.Root,
        };
        return Process.Start(start) ?? throw new InvalidOperationException("The supervisor did not start.");
    }

    private static string Tail(string file) => File.Exists(file) ? string.Join('\n', File.ReadLines(file).TakeLast(20)) : "";

    private static string? FullPath(string? file) => file is null ? null : Path.GetFullPath(file);
}
