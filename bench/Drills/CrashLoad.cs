using System.Security.Authentication;

namespace MeshGrains.Bench;

/// <summary>
/// Clients that ask for certificates until their server is gone, and one that registers entries. What they received and what was acknowledged to
/// them is kept over all lives of the server.
/// </summary>
internal sealed class CrashLoad
{
    public const int Clients = 16;
    private const int CallsPerClient = 4;
    private static readonly byte[][] Bodies = Array.ConvertAll(CertificateRequests.Make(500), IstioMessages.Request);

    private readonly byte[][] _tokens;
    private readonly List<UInt128> _received = [];
    private readonly List<string> _acknowledged = [];
    private readonly Lock _gate = new();
    private TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _nextEntry;

    public CrashLoad(TestCluster cluster) => _tokens = [.. Enumerable.Range(0, Clients).Select(i => Hpack.Bearer(cluster.Token(i)))];

    /// <summary>The serial of every certificate that reached a client whole, with or without the status after it.</summary>
    public UInt128[] Received()
    {
        lock (_gate)
        {
            return [.. _received];
        }
    }

    /// <summary>The ids of all entries that the control plane said it had stored.</summary>
    public string[] Acknowledged()
    {
        lock (_gate)
        {
            return [.. _acknowledged];
        }
    }

    /// <summary>Completes when the first certificate of this life of the server has come.</summary>
    public Task FirstOfThisLife => _first.Task;

    /// <summary>Runs until the server is gone or the token is cancelled.</summary>
    public async Task RunAsync(SiloProcess silo, CancellationToken cancellationToken)
    {
        _first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var target = silo.Target();
        var clients = Enumerable.Range(0, Clients).Select(i => Task.Run(() => AskAsync(target, i, cancellationToken), CancellationToken.None));
        await Task.WhenAll([.. clients, Task.Run(() => RegisterAsync(silo, cancellationToken), CancellationToken.None)]);
    }

    private async Task AskAsync(GrpcTarget target, int client, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await GrpcConnection.OpenAsync(target, cancellationToken);
            await connection.RunAsync(new Client(this, client, cancellationToken), CallsPerClient, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or AuthenticationException or OperationCanceledException)
        {
            // The server was killed, which is the point.
        }
    }

    private async Task RegisterAsync(SiloProcess silo, CancellationToken cancellationToken)
    {
        while (!silo.Process.HasExited && !cancellationToken.IsCancellationRequested)
        {
            try
            {
                var id = await silo.Admin.CreateEntryAsync($"spiffe://{SiloSetup.TrustDomain}/drill/entry-{Interlocked.Increment(ref _nextEntry)}", cancellationToken);
                lock (_gate)
                {
                    _acknowledged.Add(id);
                }
            }
            catch (HttpRequestException failure) when (failure.StatusCode is null or System.Net.HttpStatusCode.ServiceUnavailable)
            {
                // Not acknowledged: it may be there or not. The process may be about to end.
                await Task.Delay(10, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private sealed class Client(CrashLoad load, int number, CancellationToken stop) : ICallScript
    {
        private int _next = number * 17;

        public Call? Next() => stop.IsCancellationRequested ? null : new Call(load._tokens[number], Bodies[_next++ % Bodies.Length], 0);

        public void Ended(in CallOutcome outcome)
        {
            if (!outcome.Message.IsEmpty)
            {
                var serial = CertificateReply.Serial(outcome.Message);
                lock (load._gate)
                {
                    load._received.Add(serial);
                }

                load._first.TrySetResult();
            }
        }
    }
}
