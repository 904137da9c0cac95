using System.Globalization;
using System.Net;

namespace MeshGrains.Bench;

/// <summary>Registers and serves the workloads of a fleet: one service account, one entry and one identity each.</summary>
internal static class FleetLoad
{
    private const int Connections = 12;
    private const int CallsPerConnection = 8;
    private const int Attempts = 3;

    /// <summary>Registers accounts from <paramref name="first"/> on, spread over the silos; gives how many were refused.</summary>
    public static async Task<int> RegisterAsync(DrillCluster cluster, int writers, int first, int count, CancellationToken cancellationToken)
    {
        var next = -1;
        var refused = 0;
        var silos = cluster.Mesh.Silos;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(
            async () =>
            {
                using var admin = DrillCluster.AdminOf(silos[writer % silos.Count]);
                while (Interlocked.Increment(ref next) is var i && i < count)
                {
                    if (i > 0 && i % 10_000 == 0)
                    {
                        Progress.Say($"{i} of {count} registered");
                    }

                    if (await RegisterOneAsync(admin, first + i, cancellationToken) is { } why && Interlocked.Increment(ref refused) == 1)
                    {
                        Progress.Say(why);
                    }
                }
            },
            cancellationToken)));
        return refused;
    }

    /// <summary>
    /// As an operator's tool would: an answer UNAVAILABLE is asked again, twice at most; that the entry exists by then is what was wanted. Gives why
    /// it did not work.
    /// </summary>
    private static async Task<string?> RegisterOneAsync(AdminClient admin, int account, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await admin.CreateEntryAsync(IdentityOf(account), SiloSetup.Source, SelectorsOf(account), cancellationToken);
                return null;
            }
            catch (HttpRequestException there) when (there.StatusCode == HttpStatusCode.Conflict && attempt > 1)
            {
                return null;
            }
            catch (HttpRequestException away) when (away.StatusCode == HttpStatusCode.ServiceUnavailable && attempt < Attempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200 * attempt), cancellationToken);
            }
            catch (HttpRequestException failure)
            {
                return failure.Message;
            }
        }
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
