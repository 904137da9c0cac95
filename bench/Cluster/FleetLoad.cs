using System.Globalization;
using System.Net;

namespace MeshGrains.Bench;

/// <summary>Registers and serves the workloads of a fleet: one service account, one entry and one identity each.</summary>
internal static class FleetLoad
{
    public const int BatchSize = 500;
    private const int Connections = 12;
    private const int CallsPerConnection = 8;
    private const int Attempts = 3;
    private const int TellEvery = 20_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Registers accounts from <paramref name="first"/> on, in batches spread over the silos; gives how many were refused.</summary>
    public static async Task<int> RegisterAsync(DrillCluster cluster, int writers, int first, int count, CancellationToken cancellationToken)
    {
        var (next, done, refused) = (-1, 0, 0);
        var silos = cluster.Mesh.Silos;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(
            async () =>
            {
                using var admin = DrillCluster.AdminOf(silos[writer % silos.Count], Patience);
                while (Interlocked.Increment(ref next) * BatchSize is var at && at < count)
                {
                    var size = Math.Min(BatchSize, count - at);
                    var why = await RegisterBatchAsync(admin, Enumerable.Range(first + at, size), cancellationToken);
                    if (why.Count > 0 && Interlocked.Add(ref refused, why.Count) == why.Count)
                    {
                        Progress.Say(why[0]);
                    }

                    var now = Interlocked.Add(ref done, size);
                    if (now / TellEvery > (now - size) / TellEvery)
                    {
                        Progress.Say($"{now} of {count} registered, {now / clock.Elapsed.TotalSeconds:0} a second");
                    }
                }
            },
            cancellationToken)));
        return refused;
    }

    /// <summary>
    /// As an operator's tool would: entries that failed, and a batch that was turned away, are sent again, twice at most; that an entry exists is what was
    /// wanted. Gives for each that is not stored why.
    /// </summary>
    private static async Task<IReadOnlyList<string>> RegisterBatchAsync(AdminClient admin, IEnumerable<int> accounts, CancellationToken cancellationToken)
    {
        var left = accounts.ToList();
        List<string> why = [];
        for (var attempt = 1; left.Count > 0 && attempt <= Attempts; attempt++)
        {
            try
            {
                var results = await admin.CreateEntriesAsync([.. left.Select(account => (IdentityOf(account), SelectorsOf(account)))], SiloSetup.Source, cancellationToken);
                why = [.. results.Where(result => !result.Stored).Select(result => result.Why)];
                left = [.. left.Where((_, i) => !results[i].Stored)];
            }
            catch (HttpRequestException away) when (away.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                why = [.. left.Select(_ => away.Message)];
            }

            if (left.Count > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200 * attempt), cancellationToken);
            }
        }

        return why;
    }

    /// <summary>Gets a certificate for every <paramref name="step"/>-th workload; gives how many did not get one.</summary>
    public static async Task<int> ServeAsync(DrillCluster cluster, int first, int count, int step, CancellationToken cancellationToken)
    {
        var accounts = new AccountQueue(cluster.Tokens, first, count, step);
        var silos = cluster.Mesh.Silos;
        var scripts = Enumerable.Range(0, Connections).Select(_ => new ServingScript(accounts)).ToArray();
        await Task.WhenAll(scripts.Select((script, i) => Task.Run(
            async () =>
            {
                await using var connection = await GrpcConnection.OpenAsync(DrillCluster.Target(silos[i % silos.Count]), cancellationToken);
                await connection.RunAsync(script, CallsPerConnection, cancellationToken);
            },
            cancellationToken)));
        if (scripts.Select(script => script.FirstFailure).FirstOrDefault(failure => failure is not null) is { } why)
        {
            Progress.Say(why);
        }

        return scripts.Sum(script => script.Failed);
    }

    private static string IdentityOf(int account) => string.Create(CultureInfo.InvariantCulture, $"spiffe://{SiloSetup.TrustDomain}/fleet/w-{account}");

    private static string[] SelectorsOf(int account) => ["k8s:ns:load", string.Create(CultureInfo.InvariantCulture, $"k8s:sa:account-{account}")];

    /// <summary>Which account is next, over all connections.</summary>
    private sealed class AccountQueue(TestCluster tokens, int first, int count, int step)
    {
        private int _next = -1;

        public byte[]? Next() => Interlocked.Increment(ref _next) is var i && i < count ? Hpack.Bearer(tokens.Token(first + (i * step))) : null;
    }

    private sealed class ServingScript(AccountQueue accounts) : ICallScript
    {
        private static readonly byte[] Body = IstioMessages.Request(CertificateRequests.Make(1)[0]);

        public int Failed { get; private set; }

        public string? FirstFailure { get; private set; }

        public Call? Next() => accounts.Next() is { } token ? new Call(token, Body, 0) : null;

        public void Ended(in CallOutcome outcome)
        {
            if (outcome.Status != CallOutcome.Ok)
            {
                Failed++;
                FirstFailure ??= $"status {outcome.Status}: {outcome.StatusMessage}";
            }
        }
    }
}
