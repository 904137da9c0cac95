using System.Diagnostics;
using System.Globalization;
using System.Security.Authentication;

namespace MeshGrains.Bench;

/// <summary>
/// The root of a cluster of three silos rotates twice while clients get certificates without end: in the first rotation a silo is killed in every phase, in the second one is frozen
/// before the drain and thawed after the end. Whatever any silo signs is recorded and verifies until it ends. Then the control: without the gate of certificates the same count has to say so.
/// </summary>
internal static class RotateClusterDrill
{
    public const string Name = "rotate-cluster";
    private const int LeastLife = 60;
    private const int FrozenSilo = 2;
    private const int FirstDirectAccount = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan AfterThaw = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(45);
    private static readonly ClientRules Clients = ClientRules.Issue with { Pause = TimeSpan.FromMilliseconds(50) };

    /// <summary>They ask the silo that is frozen and no other: what it does is theirs, its failures are no one's.</summary>
    private static readonly ClientRules Direct = new(4, 1, TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(50));

    private static readonly MemberTuning WithoutGates = new()
    {
        Flags = ["--set", "rotation.withoutGates.0=certificates", "--set", "rotation.withoutGates.1=hold", "--set", "rotation.withoutGates.2=outside"],
    };

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        if (ClusterNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped($"drill {Name}", missing, options.Json);
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        var faults = new PlantedFaults();
        var life = Math.Max(LeastLife, (int)options.Life.TotalSeconds);
        await using var cluster = await DrillCluster.StartAsync(
            scratch, new DrillPlan { Server = options.Server, Config = Config(life), Flags = ["--allow-short-lives"], Tuning = (name, _) => faults.Of(name) }, cancellationToken);
        await cluster.WarmAsync(cancellationToken);
        await using var watch = new RootWatch(cluster.Mesh);
        await watch.First.WaitAsync(Patience, cancellationToken);

        var clock = Stopwatch.StartNew();
        var (through, direct) = (new CertificateLedger(watch), new CertificateLedger(watch));
        var rotation = new ClusterRotation(cluster);
        var alive = new List<string>();
        await using var clients = new DrillClients(cluster.Tokens, () => cluster.Front, Clients, taken: (_, reply) => through.Take(reply));
        await using var directly = new DrillClients(
            cluster.Tokens, () => Target(cluster), Direct, FirstDirectAccount, taken: (_, reply) => direct.Take(reply));
        var rotated = new List<RotationState> { await rotation.RotateAsync(kill: true, freeze: null, cancellationToken) };
        alive.AddRange(await AliveAsync(cluster, watch, rotated[0], cancellationToken));
        await cluster.UntilAllReadyAsync(Patience, cancellationToken);
        rotated.Add(await rotation.RotateAsync(kill: false, freeze: cluster.Mesh.Silo(FrozenSilo), cancellationToken));
        alive.AddRange(await AliveAsync(cluster, watch, rotated[1], cancellationToken));
        await Task.Delay(AfterThaw, cancellationToken);
        var ended = Stopwatch.GetTimestamp();
        var seconds = clock.Elapsed.TotalSeconds;
        var gap = clients.LongestGap(clients.Began, ended).TotalSeconds;
        await Task.WhenAll(clients.StopAsync(), directly.StopAsync());
        var (failures, unverifiable) = (clients.Failures(), through.Unverifiable(DateTimeOffset.UtcNow) + direct.Unverifiable(DateTimeOffset.UtcNow));
        var late = rotated.Sum(state => state.EndedAt is { } end ? through.Since(end, state.LeavingRoot!) + direct.Since(end, state.LeavingRoot!) : 1);
        var audit = await LogAudit.RunAsync(cluster, [.. clients.Received().Concat(directly.Received()).Select(one => one.Serial)], cancellationToken);
        using var admin = await cluster.AdminAsync(cancellationToken);
        var findings = await admin.VerifyLogAsync(cancellationToken);
        var refusal = through.FirstRefusal ?? direct.FirstRefusal;
        Progress.Say($"{clients.Issued} and {directly.Issued} issued, {failures.Length} failed, {unverifiable} unverifiable; now without the gate of certificates");
        var control = await ControlAsync(cluster, faults, watch, cancellationToken);

        var rotations = rotated.Count(state => !state.RolledBack);
        var thawed = direct.Since(rotation.ThawedAt);
        var figures = new FigureSet();
        figures.Set("host", MeshTree.Host);
        figures.Set("seconds", seconds, 1);
        figures.Set("svid_life_s", (long)life);
        figures.Set("clients", (long)Clients.Clients, $"through the one address of the gateway, each up to {1 / Clients.Pause.TotalSeconds:0} a second; and {Direct.Clients} at the silo that is frozen");
        figures.Set("issued", (long)(clients.Issued + directly.Issued), "each validated in full by the newest bundle of its moment");
        figures.Set("client_failures", (long)failures.Length, First(clients, failures) ?? $"not served within {Clients.Attempts} attempts and {Clients.Patience.TotalSeconds:0} s; has to be 0");
        figures.Set("unverifiable", (long)unverifiable, refusal ?? "not valid when they came, or with a root that was out of the bundle before they ended; has to be 0");
        figures.Set("unrecorded", (long)audit.Unrecorded, "has to be 0");
        figures.Set("duplicate_serials", (long)audit.DuplicateSerials, "has to be 0");
        figures.Set("old_root_alive", (long)(alive.Count + late), alive.Count > 0 ? string.Join("; ", alive) : "silos that serve, sign under or show a root that left, and certificates under it that came after the end; has to be 0");
        figures.Set("rotations", (long)rotations, "2");
        figures.Set("phases_interrupted", (long)rotation.Interrupted.Count, $"SIGKILL to a silo in {string.Join(", ", rotation.Interrupted)}; has to be {RotationState.Phases.Length}");
        figures.Set("frozen_s", rotation.Frozen.TotalSeconds, 1, "a silo of role authority and issuer, SIGSTOP before the drain, SIGCONT after the end");
        figures.Set("thawed_silo_came_back_s", rotation.ThawedBack.TotalSeconds, 1);
        figures.Set("issued_by_thawed", (long)thawed, "certificates of that silo's own gateway after the thaw, among the ones above: more than 0");
        figures.Set("longest_gap_s", gap, 2, "between two successes of any one client");
        figures.Set("log_findings", (long)findings.Count, LogAudit.First(findings));
        figures.Set("control_issued", (long)control.Issued, "over a rotation without the gates certificates, hold and outside");
        figures.Set("control_unverifiable", (long)control.Unverifiable, "has to be more than 0");
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (clients.Issued > 0, "nothing was issued"),
            (failures.Length == 0, $"{failures.Length} certificates were not got in time, the first: {First(clients, failures)}"),
            (unverifiable == 0, $"{unverifiable} certificates did not verify until their end: {refusal}"),
            (audit.Unrecorded == 0, $"{audit.Unrecorded} certificates are not in the log"),
            (audit.DuplicateSerials == 0, $"{audit.DuplicateSerials} serials were used twice"),
            (alive.Count + late == 0, $"a root that left still counts: {string.Join("; ", alive)}; {late} certificates came under it"),
            (rotations == 2, $"{rotations} rotations ended with the next root"),
            (rotation.Interrupted.Count == RotationState.Phases.Length, $"a silo was killed in {string.Join(", ", rotation.Interrupted)} alone"),
            (thawed > 0, "the silo that was frozen issued nothing after the thaw"),
            (findings.Count == 0, $"the log is not whole: {LogAudit.First(findings)}"),
            (control.Unverifiable > 0, "a rotation without gates went unseen: the drill cannot fail"));
    }

    private static string? First(DrillClients clients, (long At, string Why)[] failures) => failures
        .Select(failure => string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(clients.Began, failure.At).TotalSeconds:0.0} s after the start: {failure.Why}")).FirstOrDefault();

    /// <summary>Where the root that left still counts after some time; empty when nowhere.</summary>
    private static async Task<IReadOnlyList<string>> AliveAsync(DrillCluster cluster, RootWatch watch, RotationState state, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var alive = new List<string>();
            foreach (var silo in cluster.Mesh.Silos)
            {
                try
                {
                    using var admin = DrillCluster.AdminOf(silo);
                    if ((await admin.SpiffeBundleAsync(cancellationToken)).X509Authorities.Any(root => root.AuthorityId == state.LeavingRoot))
                    {
                        alive.Add($"the bundle of {silo.Name}");
                    }

                    using var status = await admin.GetAsync("status", cancellationToken);
                    if (status.RootElement.GetProperty("issuer").GetProperty("rootAuthorityId").GetString() == state.LeavingRoot)
                    {
                        alive.Add($"the issuing CA of {silo.Name}");
                    }

                    await ShowsAsync(DrillCluster.Target(silo), silo.Name);
                }
                catch (Exception failure) when (failure is HttpRequestException or InvalidOperationException)
                {
                    alive.Add($"{silo.Name} does not tell: {failure.Message}");
                }
            }

            await ShowsAsync(cluster.Front, "the gateway");
            if (alive.Count == 0 || clock.Elapsed > Settle)
            {
                return alive;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);

            async Task ShowsAsync(GrpcTarget target, string name)
            {
                try
                {
                    await using var connection = await GrpcConnection.OpenAsync(
                        new GrpcTarget { Address = target.Address, TrustPem = watch.Newest.ToPem() }, cancellationToken);
                }
                catch (Exception failure) when (failure is IOException or AuthenticationException)
                {
                    alive.Add($"what {name} shows ({failure.Message})");
                }
            }
        }
    }

    private static async Task<(int Issued, int Unverifiable)> ControlAsync(DrillCluster cluster, PlantedFaults faults, RootWatch watch, CancellationToken cancellationToken)
    {
        foreach (var silo in cluster.Mesh.Silos)
        {
            faults.Plant(silo.Name, WithoutGates);
            await silo.Process.DrainAsync(Patience);
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            await silo.UntilReadyAsync(Patience, cancellationToken);
        }

        var ledger = new CertificateLedger(watch);
        await using var clients = new DrillClients(cluster.Tokens, () => cluster.Front, Clients, taken: (_, reply) => ledger.Take(reply));
        await new ClusterRotation(cluster).RotateAsync(kill: false, freeze: null, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        await clients.StopAsync();
        var unverifiable = ledger.Unverifiable(DateTimeOffset.UtcNow);
        Progress.Say($"control: {ledger.Count} issued, {unverifiable} unverifiable");
        return (ledger.Count, unverifiable);
    }

    /// <summary>The silo's own gateway, wherever its living process listens; a port where nobody does while it is starting.</summary>
    private static GrpcTarget Target(DrillCluster cluster)
    {
        try
        {
            return DrillCluster.Target(cluster.Mesh.Silo(FrozenSilo));
        }
        catch (Exception gone) when (gone is InvalidOperationException or FileNotFoundException)
        {
            throw new IOException(gone.Message, gone);
        }
    }

    private static string Config(int life) =>
        $$"""
        # Failure detection well within a denials' lease, as docs/operations/cluster.md has it for issuance without a gap.
        clustering:
          probeInterval: 3s
        svid:
          defaultTtl: {{life}}s
          maxTtl: {{life}}s
          backdate: 0s
          clockSkew: 1s
        jwt:
          enabled: false
        rotation:
          outsideLag: 4s
          hold: 10s
          automatic: false
          lookEvery: 500ms
        """;
}
