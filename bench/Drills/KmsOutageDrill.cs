using System.Diagnostics;
using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>
/// The KMS goes away when an issuing CA is fresh and stays away for 0.6 of its life: issuance has to go on. Then the silo is restarted without a KMS:
/// it has to answer UNAVAILABLE at once. Then the KMS comes back: issuance has to come back without a hand.
/// </summary>
internal static class KmsOutageDrill
{
    public const string Name = "kms-outage";
    private const double OutageOfLife = 0.6;
    private const double FreshOfLife = 0.05;
    private const int Clients = 8;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var cluster = new TestCluster(scratch.Path);
        var vault = await VaultProcess.StartAsync(scratch.Path, cancellationToken);
        SiloProcess? silo = null;
        try
        {
            var life = options.Life;
            var setup = new SiloSetup
            {
                Program = options.Server ?? MeshTree.Program("Silo", "meshgrains"),
                Data = Path.Combine(scratch.Path, "data"),
                ConfigFile = cluster.WriteConfig(Config(life, vault.RootsFile)),
                Flags = ["--allow-short-lives", "--keys", vault.KeyUri],
                Environment = vault.Environment,
            };
            var load = new SteadyLoad(cluster, Clients, Pace);
            var (outage, age, cas) = await OutageAsync(setup, load, life);
            var (refused, atHandshake, slowest, otherwise) = await RestartWithoutKmsAsync(setup);
            var recovery = await RecoverAsync();
            var control = await LongOutageAsync(life);
            await DisposeSiloAsync();

            var figures = new FigureSet();
            figures.Set("issuing_ca_life_s", life.TotalSeconds, 1);
            figures.Set("outage_s", outage.TotalSeconds, 2, $"{OutageOfLife} of the life, from within {FreshOfLife:0%} of a fresh CA's start");
            figures.Set("outage_began_at_of_life", age / life, 4, $"at most; has to be within {FreshOfLife}");
            figures.Set("issued", (long)load.Issued);
            figures.Set("failed_issuances", (long)load.Failed, load.FirstFailure ?? "has to be 0");
            figures.Set("issuing_cas", (long)cas, "certified in all, the one after the outage included");
            figures.Set("refused_without_ca", (long)refused, "restarted without the KMS: UNAVAILABLE, has to be more than 0");
            figures.Set("refused_at_handshake", (long)atHandshake, "those of them that were turned away before TLS: no certificate to show without a CA");
            figures.Set("refused_otherwise", (long)otherwise.Count, otherwise.Why);
            figures.Set("slowest_refusal_ms", slowest.TotalMilliseconds, 1, $"has to be under {AtOnce.TotalMilliseconds:0}");
            figures.Set("recovery_s", recovery.TotalSeconds, 2, "from the KMS's return to the first certificate, without a hand");
            figures.Set("control_long_outage_failed", (long)control, "an outage longer than a CA's life has to be seen: more than 0");
            figures.Set("host", MeshTree.Host);
            figures.Print(Console.Out);
            figures.Save(options.Json);
            return DrillVerdict.Tell(
                Name,
                (age <= life * FreshOfLife, $"the outage began {age.TotalSeconds:0.0} s into the issuing CA's life, too late to prove anything"),
                (load.Issued > 0, "nothing was issued"),
                (load.Failed == 0, $"{load.Failed} issuances failed, the first with {load.FirstFailure}"),
                (refused > 0, "nothing was refused without a KMS"),
                (otherwise.Count == 0, $"{otherwise.Count} calls without a KMS ended otherwise than UNAVAILABLE: {otherwise.Why}"),
                (slowest < AtOnce, $"a refusal took {slowest.TotalMilliseconds:0} ms"),
                (control > 0, "an outage longer than the issuing CA's life went unseen: the drill cannot fail"));
        }
        finally
        {
            await DisposeSiloAsync();
            await vault.DisposeAsync();
        }

        async Task DisposeSiloAsync()
        {
            if (silo is not null)
            {
                await silo.DisposeAsync();
                silo = null;
            }
        }

        async Task<(TimeSpan Outage, TimeSpan Age, int Cas)> OutageAsync(SiloSetup setup, SteadyLoad load, TimeSpan life)
        {
            silo = await SiloProcess.StartAsync(setup, cancellationToken);
            await silo.UntilReadyAsync(cancellationToken);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var running = load.RunAsync(silo.Target(), stop.Token);
            var known = await silo.Admin.IssuingCaIdsAsync(cancellationToken);
            Progress.Say($"ready, {known.Count} issuing CA; waiting for a fresh one");
            (known, var absent) = await NewCaAsync(silo, known, life);
            await vault.KillAsync();
            var age = Stopwatch.GetElapsedTime(absent);
            var clock = Stopwatch.StartNew();
            Progress.Say($"a fresh issuing CA: the KMS is gone for {OutageOfLife * life.TotalSeconds:0} s");
            await Task.Delay((OutageOfLife * life) - clock.Elapsed, cancellationToken);
            await vault.DisposeAsync();
            var failedDuring = load.Failed;
            vault = await VaultProcess.StartAsync(scratch.Path, cancellationToken);
            var outage = clock.Elapsed;
            Progress.Say($"the KMS is back after {outage.TotalSeconds:0.0} s; {load.Issued} issued, {failedDuring} failed; waiting for the next issuing CA");
            (known, _) = await NewCaAsync(silo, known, life);
            await Task.Delay(Pace * 10, cancellationToken);
            await stop.CancelAsync();
            await running;
            Progress.Say($"a new issuing CA; {load.Issued} issued, {load.Failed} failed in all");
            return (outage, age, known.Count);
        }

        // With the moment at which the fresh CA was last seen not to be there.
        async Task<(HashSet<string> Known, long Absent)> NewCaAsync(SiloProcess from, HashSet<string> known, TimeSpan life)
        {
            var absent = Stopwatch.GetTimestamp();
            var seen = await Waiting.ForAsync(
                "Waiting for a fresh issuing CA", from.Process,
                async cancel =>
                {
                    var asked = Stopwatch.GetTimestamp();
                    var now = await from.Admin.IssuingCaIdsAsync(cancel);
                    now.ExceptWith(known);
                    absent = now.Count > 0 ? absent : asked;
                    return now.Count > 0 ? now : null;
                },
                life, cancellationToken);
            seen.UnionWith(known);
            return (seen, absent);
        }

        async Task<(int Refused, int AtHandshake, TimeSpan Slowest, (int Count, string Why) Otherwise)> RestartWithoutKmsAsync(SiloSetup setup)
        {
            await silo!.Process.StopAsync(TimeSpan.FromSeconds(20));
            await DisposeSiloAsync();
            await vault.KillAsync();
            silo = await SiloProcess.StartAsync(setup, cancellationToken);
            Progress.Say("restarted without the KMS");
            var target = silo.Target();
            var call = OneCall();
            var slowest = TimeSpan.Zero;
            var refused = 0;
            var atHandshake = 0;
            (int Count, string Why) otherwise = (0, "");
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(5);)
            {
                var answer = await SingleCall.TryAsync(target, call, cancellationToken);
                slowest = answer.Elapsed > slowest ? answer.Elapsed : slowest;
                if (answer.Status == CallOutcome.Unavailable || answer.TurnedAwayAtHandshake)
                {
                    refused++;
                    atHandshake += answer.TurnedAwayAtHandshake ? 1 : 0;
                }
                else
                {
                    otherwise = (otherwise.Count + 1, $"status {answer.Status} {answer.StatusMessage}");
                }

                await Task.Delay(Pace, cancellationToken);
            }

            Progress.Say($"{refused} calls refused, {atHandshake} of them before TLS, the slowest after {slowest.TotalMilliseconds:0} ms; {otherwise.Count} ended otherwise");
            return (refused, atHandshake, slowest, otherwise);
        }

        async Task<TimeSpan> RecoverAsync()
        {
            await vault.DisposeAsync();
            vault = await VaultProcess.StartAsync(scratch.Path, cancellationToken);
            var clock = Stopwatch.StartNew();
            var target = silo!.Target();
            var call = OneCall();
            await Waiting.ForAsync(
                "Waiting for issuance to come back", silo.Process,
                async cancel => await SingleCall.TryAsync(target, call, cancel) is { Status: CallOutcome.Ok } done ? done : null,
                TimeSpan.FromSeconds(60), cancellationToken);
            Progress.Say($"issuing again {clock.Elapsed.TotalSeconds:0.0} s after the KMS came back");
            return clock.Elapsed;
        }

        // The control: beyond the life of its CA a silo has nothing to sign with, and the same count has to say so.
        async Task<int> LongOutageAsync(TimeSpan life)
        {
            await vault.KillAsync();
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var load = new SteadyLoad(cluster, Clients, Pace);
            stop.CancelAfter(life + TimeSpan.FromSeconds(2));
            await load.RunAsync(silo!.Target(), stop.Token);
            Progress.Say($"control: {load.Issued} issued, {load.Failed} failed in an outage longer than a life");
            return load.Failed;
        }

        Call OneCall() => new(Hpack.Bearer(cluster.Token(1)), IstioMessages.Request(CertificateRequests.Make(1)[0]), 0);
    }

    private static string Config(TimeSpan life, string rootsFile)
    {
        var seconds = life.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        var leaf = (life.TotalSeconds / 4).ToString("0", CultureInfo.InvariantCulture);
        return $"""
            keys:
              trustedRootsFile: {rootsFile}
            ca:
              issuingCaTtl: {seconds}s
              issuingCaBudgetPerHour: 100000
            svid:
              defaultTtl: {leaf}s
              maxTtl: {leaf}s
              backdate: 0s
            """;
    }
}
