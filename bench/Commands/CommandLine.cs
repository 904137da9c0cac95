using System.CommandLine;

namespace MeshGrains.Bench;

/// <summary>The command line: <c>bench</c> and <c>drill NAME</c>.</summary>
internal static class CommandLine
{
    private static readonly Dictionary<string, Func<DrillOptions, CancellationToken, Task<int>>> Drills = new()
    {
        [CrashDrill.Name] = CrashDrill.RunAsync,
        [KmsOutageDrill.Name] = KmsOutageDrill.RunAsync,
        [RenewDrill.Name] = RenewDrill.RunAsync,
        [FederateHostileDrill.Name] = FederateHostileDrill.RunAsync,
        [RotateRootDrill.Name] = RotateRootDrill.RunAsync,
        [RotateHoldersDrill.Name] = RotateHoldersDrill.RunAsync,
        [SiloKillDrill.Name] = SiloKillDrill.RunAsync,
        [StoreFaultsDrill.Name] = StoreFaultsDrill.RunAsync,
        [RotateClusterDrill.Name] = RotateClusterDrill.RunAsync,
        [BanDrill.Name] = BanDrill.RunAsync,
        [TamperDrill.Name] = TamperDrill.RunAsync,
        [UpgradeDrill.Name] = UpgradeDrill.RunAsync,
    };

    private const string DrillNames = """
        crash: 30 and more SIGKILLs of one silo under load; nothing received is unrecorded.
        kms-outage: the KMS goes away for 0.6 of an issuing CA's life; nobody fails.
        renew: nginx and haproxy under mutual-TLS traffic from an agent's files, one handshake a request, while certificates of a few seconds rotate and the control plane restarts twice.
        federate-hostile: foreign bundle endpoints begin to lie, each in its own way, beside honest ones; nothing of it is taken.
        rotate-root: two federated trust domains rotate their roots under such traffic; one rotation is rolled back, the control plane killed in every phase, an agent frozen over a drain.
        rotate-holders: a compromised root with 100,000 live certificates rotates; their holders replace them along the slope that was chosen, until nothing live chains to the root that leaves. Takes half an hour.
        And of a cluster of three silos with a gateway, Redis and Azurite (Orleans alone):
        silo-kill: 16 clients ask through the gateway's one address for 60 s and more, each with at most 3 attempts within 5 s for a certificate, while one silo is killed, one drained and restarted, one frozen and thawed, one added.
        store-faults: the same clients while Redis is restarted, a silo's links are cut, the log store answers nothing, Redis is flushed, rolled back, its rows marked dead.
        rotate-cluster: the root rotates twice under such clients; one silo is killed in each phase, one frozen before the drain and thawed after it.
        ban: an identity is quarantined while one silo is cut off from the others and from Redis.
        tamper: records in both containers and in Redis are edited, swapped, rolled back, truncated, deleted.
        upgrade: silo by silo, and the gateway last, an older version (--from) gives way to this tree's under the clients of silo-kill and an operator's calls; one silo goes back in the middle.
        bench/README.md tells what each does and what its figures mean.
        """;

    public static RootCommand Create() => new("Figures and failure drills of MeshGrains against real processes on loopback.") { Bench(), Drill(), Demo() };

    private static Command Bench()
    {
        var quick = new Option<bool>("--quick") { Description = "Shorter runs, rougher figures." };
        var json = JsonOption();
        var server = ServerOption();
        var keep = KeepOption();
        var only = new Option<BenchPart[]>("--only") { Description = "Measure these parts alone; the figures of the others are null.", AllowMultipleArgumentsPerToken = true };
        var cluster = new Option<bool>("--cluster") { Description = "Three silos against one on the same cores, stores and load." };
        var fleet = new Option<bool>("--fleet") { Description = "A fleet of registered workloads on three silos: registration, memory, restart." };
        var workloads = new Option<int>("--workloads") { Description = "How many workloads the fleet has.", DefaultValueFactory = _ => FleetBench.DefaultWorkloads };
        workloads.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 10 or > 10_000_000)
            {
                result.AddError("--workloads takes 10 to 10000000.");
            }
        });
        var store = new Option<FleetStore>("--store") { Description = "Where the fleet's state lies: azurite, or a stand-in for it in this process, which holds more.", DefaultValueFactory = _ => FleetStore.Azurite };
        var agents = new Option<int?>("--agents") { Description = "This many node agents with a stream each on one silo: pushes, memory, the way back after a restart." };
        agents.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > 100_000)
            {
                result.AddError("--agents takes 1 to 100000.");
            }
        });
        var node = new Option<bool>("--agent-node") { Description = "One real agent with many identities: memory, and the time from its attestation to the first SVID served." };
        var identities = new Option<int>("--identities") { Description = "How many identities the node has.", DefaultValueFactory = _ => AgentNodeBench.DefaultIdentities };
        identities.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 20_000)
            {
                result.AddError("--identities takes 1 to 20000: more entries of one agent a silo does not give.");
            }
        });
        var command = new Command("bench", "Measure throughput, latency, start-up and memory, each beside the machine's own floor; or a cluster, a fleet, agents, or one agent's node.")
        {
            quick, json, server, keep, only, cluster, fleet, workloads, store, agents, node, identities,
        };
        command.SetAction((arguments, cancellationToken) =>
        {
            var options = new BenchOptions(
                arguments.GetValue(quick), arguments.GetValue(json), arguments.GetValue(server), arguments.GetValue(keep), arguments.GetValue(only) ?? []);
            return arguments.GetValue(agents) is { } count ? AgentsBench.RunAsync(options, count, cancellationToken)
                : arguments.GetValue(node) ? AgentNodeBench.RunAsync(options, arguments.GetValue(identities), cancellationToken)
                : arguments.GetValue(fleet) ? FleetBench.RunAsync(options, new FleetPlan(arguments.GetValue(workloads), arguments.GetValue(store)), cancellationToken)
                : arguments.GetValue(cluster) ? ClusterBench.RunAsync(options, cancellationToken)
                : BenchCommand.RunAsync(options, cancellationToken);
        });
        return command;
    }

    private static Command Drill()
    {
        var name = new Argument<string>("name") { Description = DrillNames };
        name.AcceptOnlyFromAmong([.. Drills.Keys]);
        var json = JsonOption();
        var server = ServerOption();
        var keep = KeepOption();
        var seed = new Option<int>("--seed") { Description = "Of the random moments; told in the result.", DefaultValueFactory = _ => Random.Shared.Next() };
        var kills = new Option<int?>("--kills") { Description = "crash: how many kills; fewer than 30 do not pass. Default 30." };
        var life = new Option<int>("--life") { Description = "kms-outage: life of an issuing CA in seconds, 20 or more; rotate-root, rotate-cluster: of every certificate.", DefaultValueFactory = _ => 30 };
        var holders = new Option<int>("--holders") { Description = "rotate-holders: how many certificates live.", DefaultValueFactory = _ => RotateHoldersDrill.DefaultHolders };
        holders.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < RotateHoldersDrill.LeastHolders or > RotateHoldersDrill.MostHolders)
            {
                result.AddError($"--holders takes {RotateHoldersDrill.LeastHolders} to {RotateHoldersDrill.MostHolders}.");
            }
        });
        var rate = new Option<int>("--rate") { Description = "rotate-holders: certificates a second that they are replaced at.", DefaultValueFactory = _ => RotateHoldersDrill.DefaultRate };
        rate.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 10_000)
            {
                result.AddError("--rate takes 1 to 10000.");
            }
        });
        var from = new Option<string>("--from")
        {
            Description = "upgrade: the older version: a git ref of this repository, which is built once into artifacts/versions, or a folder with a published meshgrains.",
            DefaultValueFactory = _ => UpgradeDrill.DefaultFrom,
        };
        var command = new Command("drill", "A failure drill against real processes. Ends with 0 when it passed, 1 when it failed, 3 when it could not run.") { name, json, server, keep, seed, kills, life, holders, rate, from };
        command.SetAction((arguments, cancellationToken) =>
        {
            var options = new DrillOptions(
                arguments.GetValue(json), arguments.GetValue(server), arguments.GetValue(keep), arguments.GetValue(seed), arguments.GetValue(kills),
                TimeSpan.FromSeconds(arguments.GetValue(life)), arguments.GetValue(holders), arguments.GetValue(rate), arguments.GetValue(from)!);
            return Drills[arguments.GetValue(name)!](options, cancellationToken);
        });
        return command;
    }

    private static Command Demo()
    {
        var server = ServerOption();
        var keep = KeepOption();
        var command = new Command("demo-proxies", "nginx and haproxy under traffic while their certificates rotate every few seconds, told step by step.") { server, keep };
        command.SetAction((arguments, cancellationToken) => ProxyDemo.RunAsync(arguments.GetValue(server), arguments.GetValue(keep), cancellationToken));
        return command;
    }

    private static Option<string?> JsonOption() => new("--json") { Description = "Also write the figures to this file, as one flat JSON object." };

    private static Option<string?> ServerOption() => new("--server") { Description = "The meshgrains executable; the release build of this tree unless told." };

    private static Option<bool> KeepOption() => new("--keep") { Description = "Keep the scratch folder with the data directory." };
}
