using System.Diagnostics;
using System.Net;

namespace MeshGrains.Bench;

/// <summary>
/// An identity is quarantined while one silo is cut off from the others and from Redis: it may go by what it knew until its lease ends, and not a moment longer than the ban is
/// reported to be effective. The control: a silo whose lease never ends has to be seen.
/// </summary>
internal static class BanDrill
{
    public const string Name = "ban";
    private const int Banned = 500;
    private const string Identity = "spiffe://" + SiloSetup.TrustDomain + "/ns/load/sa/account-500";
    private const int ShortLease = 5;
    private const int SlowAfter = 25;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan After = TimeSpan.FromSeconds(10);

    /// <summary>What was signed before that moment may still be on its way to the client.</summary>
    private static readonly TimeSpan OnTheWay = TimeSpan.FromSeconds(0.5);
    private static readonly MemberTuning EndlessLease = new()
    {
        Flags = ["--set", $"denials.lease={ShortLease}s"],
        Environment = FaultEnvironment.SlowClock(SlowAfter),
    };

    private static readonly ClientRules Insistent = new(4, 1, TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(40));
    private static readonly ClientRules Others = ClientRules.Issue with { Clients = 4, Pause = TimeSpan.FromMilliseconds(50) };

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        if (ClusterNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped($"drill {Name}", missing, options.Json);
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        var faults = new PlantedFaults();
        await using var isolation = new SiloIsolation(ClusterNames.Silo(3));
        await using var cluster = await DrillCluster.StartAsync(
            scratch,
            new DrillPlan
            {
                Server = options.Server,
                Tuning = (name, mesh) => isolation.Before(name, mesh, faults.Of(name)),
            },
            cancellationToken);
        await cluster.WarmAsync(cancellationToken);
        var ban = await BanAsync(cluster, isolation, Banned, Identity, () => faults.Plant(ClusterNames.Silo(3), EndlessLease), cancellationToken);
        await cluster.UntilAllReadyAsync(Patience, cancellationToken);
        await Settle.UntilQuietAsync(cluster, cancellationToken);
        var control = await ControlAsync(cluster, isolation, cancellationToken);

        var figures = new FigureSet();
        figures.Set("host", MeshTree.Host);
        figures.Set("issued_after_effective", (long)ban.IssuedAfterEffective, "has to be 0");
        figures.Set("effective_after_s", ban.EffectiveAfter, 2, "from the ban's acknowledgement to the moment from which it holds everywhere, one silo cut off");
        figures.Set("taken_after_s", ban.TakenAfter, 2, $"from the first asking to the ban's acknowledgement, {ban.Attempts} attempts: longer where the record's own silo is the one cut off");
        figures.Set("issued_before_ban", (long)ban.IssuedBefore, "certificates of the identity, asked of every silo's own gateway and of the front");
        figures.Set("issued_until_effective", (long)ban.IssuedBetween, "by the cut silo, within its lease");
        figures.Set("asked_after_effective", (long)ban.AskedAfterEffective, "calls");
        figures.Set("others_issued", (long)ban.OthersIssued, "certificates of other identities, through the front");
        figures.Set("others_failed", (long)ban.OthersFailed, "has to be 0");
        figures.Set("control_lease_never_ends_issued_after_effective", (long)control.IssuedAfterEffective, "more than 0");
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (ban.IssuedBefore > 0, "the identity got nothing before the ban"),
            (ban.AskedAfterEffective > 0, "nobody asked after the ban was effective"),
            (ban.IssuedAfterEffective == 0, $"{ban.IssuedAfterEffective} certificates were issued after the ban was effective"),
            (ban.OthersIssued > 0, "other identities got nothing"),
            (ban.OthersFailed == 0, $"{ban.OthersFailed} certificates of other identities were not got"),
            (control.IssuedAfterEffective > 0, "a silo whose lease never ends went unseen: the drill cannot fail"));
    }

    private static async Task<BanResult> BanAsync(
        DrillCluster cluster, SiloIsolation isolation, int account, string identity, Action beforeHeal, CancellationToken cancellationToken)
    {
        var cut = isolation.Of(cluster.Mesh);
        await using var others = new DrillClients(cluster.Tokens, cluster.Front, Others);
        var insistent = cluster.Mesh.Silos.Select(DrillCluster.Target).Append(cluster.Front)
            .Select(target => new DrillClients(cluster.Tokens, target, Insistent, account, sameAccount: true)).ToArray();
        try
        {
            foreach (var clients in insistent)
            {
                await clients.UntilAllIssuedAsync(clients.Began, Patience, cancellationToken);
            }

            Progress.Say($"{cut.Name} is cut off from the other silos and from Redis");
            isolation.Cut(cluster.Mesh);
            await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
            var asked = Stopwatch.GetTimestamp();
            var (number, attempts) = await QuarantineAsync(cluster, cut, identity, cancellationToken);
            var (banned, bannedAt) = (Stopwatch.GetTimestamp(), DateTimeOffset.UtcNow);
            var takenAfter = Stopwatch.GetElapsedTime(asked, banned).TotalSeconds;
            Progress.Say($"{identity} is quarantined with number {number}, {takenAfter:0.0} s after it was first asked for, at attempt {attempts}");
            var effectiveAt = await EffectiveAsync(cluster, number, cancellationToken);
            var effective = banned + (long)((effectiveAt - bannedAt).TotalSeconds * Stopwatch.Frequency);
            Progress.Say($"effective {(effectiveAt - bannedAt).TotalSeconds:0.0} s after");
            await Task.Delay(After, cancellationToken);
            beforeHeal();
            isolation.Heal();
            Progress.Say($"{cut.Name} is joined again");
            await Task.Delay(After / 2, cancellationToken);
            await Task.WhenAll(insistent.Append(others).Select(clients => clients.StopAsync()));

            var received = insistent.SelectMany(clients => clients.Received()).ToArray();
            var late = effective + (long)(OnTheWay.TotalSeconds * Stopwatch.Frequency);
            var result = new BanResult(
                number, takenAfter, attempts, (effectiveAt - bannedAt).TotalSeconds, received.Count(one => one.At <= banned),
                received.Count(one => one.At > banned && one.Asked <= effective && one.At <= late),
                received.Count(one => one.Asked > effective || one.At > late),
                insistent.Sum(clients => clients.Failures().Count(failure => failure.At > late)) + received.Count(one => one.Asked > effective),
                others.Failures().Length, others.Issued);
            Progress.Say($"{result.IssuedBefore} issued before the ban, {result.IssuedBetween} until it was effective, {result.IssuedAfterEffective} after; others: {result.OthersIssued} issued, {result.OthersFailed} failed{(result.OthersFailed > 0 ? ": " + others.Failures()[0].Why : "")}");
            return result;
        }
        finally
        {
            foreach (var clients in insistent)
            {
                await clients.DisposeAsync();
            }
        }
    }

    /// <summary>As an operator's script does it: where the record's own silo is the one that is cut off, a silo says "try again shortly", and is asked again.</summary>
    private static async Task<(long Number, int Attempts)> QuarantineAsync(DrillCluster cluster, ClusterMember cut, string identity, CancellationToken cancellationToken)
    {
        var others = cluster.Mesh.Silos.Where(silo => silo != cut).ToArray();
        var clock = Stopwatch.StartNew();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var admin = DrillCluster.AdminOf(others[attempt % others.Length]);
                return (await admin.QuarantineAsync(identity, cancellationToken), attempt);
            }
            catch (HttpRequestException failure) when (clock.Elapsed < Patience && failure.StatusCode is HttpStatusCode.ServiceUnavailable or null)
            {
                Progress.Say($"the ban was not taken: {failure.Message}");
                await Task.Delay(TimeSpan.FromSeconds(0.5), cancellationToken);
            }
        }
    }

    /// <summary>Asks each silo in turn: the one that took the ban may be restarting.</summary>
    private static async Task<DateTimeOffset> EffectiveAsync(DrillCluster cluster, long number, CancellationToken cancellationToken)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Patience;)
        {
            foreach (var silo in cluster.Mesh.Silos)
            {
                try
                {
                    using var admin = new AdminClient(silo.Endpoints?.AdminSocket ?? throw new HttpRequestException("It does not run."), TimeSpan.FromSeconds(1));
                    if (await admin.EffectiveAsync(number, cancellationToken) is { } at && at <= DateTimeOffset.UtcNow)
                    {
                        return at;
                    }
                }
                catch (Exception failure) when (failure is HttpRequestException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
                {
                    // The next one may know.
                }
            }

            await Task.Delay(50, cancellationToken);
        }

        throw new TimeoutException($"The ban with number {number} is not effective after {Patience.TotalSeconds:0} s.");
    }

    /// <summary>The same, the silo being cut off one on whose clock a lease of some seconds never ends. It was started again after the first ban: the others had declared it dead.</summary>
    private static async Task<BanResult> ControlAsync(DrillCluster cluster, SiloIsolation isolation, CancellationToken cancellationToken)
    {
        var process = isolation.Of(cluster.Mesh).Process;
        if (process.Restarts == 0)
        {
            await process.DrainAsync(Patience);
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            await cluster.UntilAllReadyAsync(Patience, cancellationToken);
        }

        var slow = process.Since + TimeSpan.FromSeconds(SlowAfter) - DateTimeOffset.UtcNow;
        await Task.Delay(slow > TimeSpan.Zero ? slow + TimeSpan.FromSeconds(1) : TimeSpan.Zero, cancellationToken);
        Progress.Say($"control: {process.Name} has a lease of {ShortLease} s, and a clock on which it never ends");
        return await BanAsync(cluster, isolation, Banned + 1, Identity[..^1] + "1", () => { }, cancellationToken);
    }
}
