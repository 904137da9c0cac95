using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace MeshGrains.Bench;

/// <summary>
/// Foreign bundle endpoints that were honest begin to lie, each in its own way, all at once, to one silo; honest ones go on beside them. Nothing that a liar says
/// is taken. The control takes the silo's memory of sequences away, and the same checks have to find what it then believes.
/// </summary>
internal static class FederateHostileDrill
{
    public const string Name = "federate-hostile";
    private const int Honest = 8;
    private const int Rounds = 3;

    /// <summary>Times that each liar is asked before the silo is judged.</summary>
    private const int Tries = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    // As often as may be, so that the drill is short; the bounds of one fetch as they are, but for its time.
    private const string Config = """
        federation:
          minPoll: 1s
          maxPoll: 1s
          fetchTimeout: 2s
        """;

    public static async Task<int> RunAsync(DrillOptions options, CancellationToken cancellationToken)
    {
        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var cluster = new TestCluster(scratch.Path);
        var setup = new SiloSetup
        {
            Program = options.Server ?? MeshTree.Program("Silo", "meshgrains"), Data = Path.Combine(scratch.Path, "data"), ConfigFile = cluster.WriteConfig(Config),
        };
        var (accepted, told, quiet, attacked, before, peak) = await AttackAsync(setup, FederationLie.All, cancellationToken);
        var sequences = FederationLie.All.Where(lie => lie.Name is "older-sequence" or "same-sequence-other-keys").ToList();
        var control = await AttackAsync(setup with { Data = Path.Combine(scratch.Path, "control"), Environment = FaultEnvironment.ForgetSequences }, sequences, cancellationToken);

        var delayed = Math.Max(0, (attacked - quiet).TotalSeconds);
        var figures = new FigureSet();
        figures.Set("attacks", (long)FederationLie.All.Count, "endpoints that lie, each in a way of its own");
        figures.Set("accepted", (long)accepted.Count, accepted.Count == 0 ? "has to be 0" : string.Join(", ", accepted));
        figures.Set("untold", (long)told.Count(one => one.Reason is null), "lies that stand nowhere as a failure; has to be 0");
        figures.Set("honest_peers", (long)Honest);
        figures.Set("honest_change_quiet_s", quiet.TotalSeconds, 2, "from an honest peer's change to the silo's, the worst, before the attack");
        figures.Set("honest_change_attacked_s", attacked.TotalSeconds, 2, "and during it");
        figures.Set("honest_peers_delayed_s", delayed, 2, "has to be under 5");
        figures.Set("memory_before_mb", before, 1);
        figures.Set("peak_memory_mb", peak, 1, "of the silo; it may grow by 256 at most");
        figures.Set("control_forgotten_sequences_accepted", (long)control.Accepted.Count, "has to be more than 0: the drill can fail");
        foreach (var (name, reason) in told)
        {
            figures.Set("reason_" + name.Replace('-', '_'), reason ?? "none");
        }

        figures.Set("host", MeshTree.Host);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return DrillVerdict.Tell(
            Name,
            (accepted.Count == 0, $"what liars said was taken: {string.Join(", ", accepted)}"),
            (told.All(one => one.Reason is not null), "a lie stands nowhere as a failure"),
            (delayed < 5, $"honest peers were delayed by {delayed:0.0} s"),
            (peak - before < 256, $"the silo grew from {before:0} to {peak:0} MB"),
            (control.Accepted.Count > 0, "without its memory of sequences the silo still took nothing: the drill cannot fail"));
    }

    private static async Task<(List<string> Accepted, List<(string Name, string? Reason)> Told, TimeSpan Quiet, TimeSpan Attacked, double Before, double Peak)> AttackAsync(
        SiloSetup setup, IReadOnlyList<FederationLie> lies, CancellationToken cancellationToken)
    {
        var peers = lies.Select(lie => new FederationPeer($"{lie.Name}.hostile.example")).ToList();
        var honest = Enumerable.Range(0, Honest).Select(i => new FederationPeer($"honest-{i}.example")).ToList();
        var endpoints = peers.Concat(honest).ToDictionary(
            peer => peer.TrustDomain, peer => new PeerEndpoint(peer.Certificate(), PeerEndpoint.Json(peer.Bundle(FederationLie.HonestSequence))));
        try
        {
            await using var silo = await SiloProcess.StartAsync(setup, cancellationToken);
            await silo.UntilReadyAsync(cancellationToken);
            foreach (var peer in peers.Concat(honest))
            {
                var spiffe = lies.Any(lie => lie.Spiffe && peer.TrustDomain == $"{lie.Name}.hostile.example");
                await silo.Admin.FederateAsync(Relationship(peer, endpoints[peer.TrustDomain].Url, spiffe), cancellationToken);
            }

            await UntilAsync(silo, "all bundles are fetched", list => list.Values.All(one => one.Sequence == FederationLie.HonestSequence), cancellationToken);
            var sequence = FederationLie.HonestSequence;
            var quiet = await ChangeAsync();
            var before = ProcessStat.ResidentMegabytes(silo.Process.Id);
            Progress.Say($"{endpoints.Count} relationships stand; {lies.Count} endpoints begin to lie");
            for (var i = 0; i < lies.Count; i++)
            {
                lies[i].Tell(peers[i], endpoints[peers[i].TrustDomain]);
            }

            var attacked = await ChangeAsync();
            var liars = peers.Select(peer => peer.TrustDomain).ToHashSet(StringComparer.Ordinal);
            for (var round = 1; round < Rounds; round++)
            {
                var again = await ChangeAsync();
                attacked = again > attacked ? again : attacked;
            }

            var list = await UntilAsync(
                silo, "each liar was asked and its lie was told of, or was believed",
                list => liars.All(name => list[name].Failures >= Tries || list[name].Sequence != FederationLie.HonestSequence), cancellationToken);
            var accepted = new List<string>();
            for (var i = 0; i < lies.Count; i++)
            {
                // Byte for byte: the root that it had when it was honest, and no key more.
                var trusted = JsonNode.Parse(await silo.Admin.FederatedBundleAsync(peers[i].TrustDomain, cancellationToken))!["keys"]!.AsArray();
                if (trusted.Count != 1 || (string?)trusted[0]!["x5c"]?[0] != Convert.ToBase64String(peers[i].Root) || list[peers[i].TrustDomain].Sequence != FederationLie.HonestSequence)
                {
                    accepted.Add(lies[i].Name);
                }
            }

            var peak = PeakMegabytes(silo.Process.Id);
            await silo.Process.StopAsync(TimeSpan.FromSeconds(20));
            return (accepted, [.. lies.Select((lie, i) => (lie.Name, list[peers[i].TrustDomain].Reason))], quiet, attacked, before, peak);

            // All honest peers publish at once; the time until the silo holds the last one's.
            async Task<TimeSpan> ChangeAsync()
            {
                sequence++;
                var clock = Stopwatch.StartNew();
                honest.ForEach(peer => endpoints[peer.TrustDomain].Answer = PeerEndpoint.Json(peer.Bundle(sequence, peer.Root, FederationPeer.OtherRoot($"spiffe://{peer.TrustDomain}"))));
                await UntilAsync(silo, "honest changes arrive", list => honest.TrueForAll(peer => list[peer.TrustDomain].Sequence == sequence), cancellationToken);
                return clock.Elapsed;
            }
        }
        finally
        {
            foreach (var endpoint in endpoints.Values)
            {
                await endpoint.DisposeAsync();
            }

            peers.Concat(honest).ToList().ForEach(peer => peer.Dispose());
        }
    }

    private static JsonObject Relationship(FederationPeer peer, string url, bool spiffe)
    {
        var body = new JsonObject
        {
            ["trustDomain"] = peer.TrustDomain, ["url"] = url, ["profile"] = spiffe ? "https_spiffe" : "https_web", ["reason"] = "drill",
        };
        if (spiffe)
        {
            (body["endpointSpiffeId"], body["bundle"]) = (peer.EndpointId, Encoding.UTF8.GetString(peer.Bundle(1)));
        }
        else
        {
            body["webRoots"] = peer.RootPem;
        }

        return body;
    }

    private static Task<Dictionary<string, FederationSight>> UntilAsync(
        SiloProcess silo, string what, Func<Dictionary<string, FederationSight>, bool> holds, CancellationToken cancellationToken) =>
        Waiting.ForAsync(
            $"Waiting until {what}", silo.Process,
            async cancel => await silo.Admin.FederationAsync(cancel) is var list && holds(list) ? list : null, Patience, cancellationToken);

    private static double PeakMegabytes(int processId)
    {
        var line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
