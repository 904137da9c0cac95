using System.Security.Authentication;

namespace MeshGrains.Bench;

/// <summary>A few clients that ask for certificates at a steady pace, each on a kept connection, and count what they get.</summary>
internal sealed class SteadyLoad(TestCluster cluster, int clients, TimeSpan pace)
{
    private static readonly byte[] Body = IstioMessages.Request(CertificateRequests.Make(1)[0]);

    private int _issued;
    private int _failed;
    private string? _firstFailure;

    public int Issued => Volatile.Read(ref _issued);

    /// <summary>Calls that brought no certificate, whatever the reason.</summary>
    public int Failed => Volatile.Read(ref _failed);

    public string? FirstFailure => Volatile.Read(ref _firstFailure);

    /// <summary>Runs until the token is cancelled.</summary>
    public Task RunAsync(GrpcTarget target, CancellationToken stop)
        => Task.WhenAll(Enumerable.Range(0, clients).Select(i => Task.Run(() => AskAsync(target, Hpack.Bearer(cluster.Token(i)), stop), CancellationToken.None)));

    private async Task AskAsync(GrpcTarget target, byte[] token, CancellationToken stop)
    {
        try
        {
            await using var connection = await GrpcConnection.OpenAsync(target, CancellationToken.None);
            using var timer = new PeriodicTimer(pace);
            do
            {
                await connection.RunAsync(new One(this, new Call(token, Body, 0)), 1, CancellationToken.None);
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // The time is up.
        }
        catch (Exception failure) when (failure is IOException or AuthenticationException)
        {
            Fail(failure.Message);
        }
    }

    private void Fail(string why)
    {
        Interlocked.Increment(ref _failed);
        Interlocked.CompareExchange(ref _firstFailure, why, null);
    }

    private sealed class One(SteadyLoad load, Call call) : ICallScript
    {
        private bool _asked;

        public Call? Next()
        {
            var next = _asked ? (Call?)null : call;
            _asked = true;
            return next;
        }

        public void Ended(in CallOutcome outcome)
        {
            if (outcome.Status == CallOutcome.Ok)
            {
                Interlocked.Increment(ref load._issued);
            }
            else
            {
                load.Fail($"status {outcome.Status}: {outcome.StatusMessage}");
            }
        }
    }
}
