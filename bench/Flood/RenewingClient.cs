using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>A workload with an SVID that renews it over mutual TLS at a steady pace, on one kept connection.</summary>
internal sealed class RenewingClient : ICallScript, IAsyncDisposable
{
    private readonly GrpcConnection _connection;
    private readonly Call _renewal;
    private readonly TimeSpan _pace;
    private readonly List<double> _milliseconds = [];
    private Call? _next;
    private long _due;

    private RenewingClient(GrpcConnection connection, Call renewal, TimeSpan pace) => (_connection, _renewal, _pace) = (connection, renewal, pace);

    public int Failed { get; private set; }

    public string? FirstFailure { get; private set; }

    /// <summary>Gets an SVID with a token, then connects with it.</summary>
    /// <exception cref="InvalidOperationException">The token was refused.</exception>
    public static async Task<RenewingClient> CreateAsync(GrpcTarget target, string token, TimeSpan pace, CancellationToken cancellationToken)
    {
        var svid = await WorkloadSvid.FetchAsync(target, token, cancellationToken);
        var secured = new GrpcTarget
        {
            Address = target.Address,
            TrustPem = target.TrustPem,
            ClientCertificate = svid.Context,
        };
        return new RenewingClient(await GrpcConnection.OpenAsync(secured, cancellationToken), new Call([], svid.Request, 0), pace);
    }

    /// <summary>Renews until the time is up; gives the latencies in milliseconds. A renewal that an earlier one delayed counts from when it was due.</summary>
    public async Task<IReadOnlyList<double>> RunAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        _milliseconds.Clear();
        var clock = Stopwatch.StartNew();
        for (var due = TimeSpan.Zero; due < duration; due += _pace)
        {
            var early = due - clock.Elapsed;
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early, cancellationToken);
                _due = Stopwatch.GetTimestamp();
            }
            else
            {
                _due = Stopwatch.GetTimestamp() + (long)(early.TotalSeconds * Stopwatch.Frequency);
            }

            _next = _renewal;
            await _connection.RunAsync(this, 1, cancellationToken);
        }

        return [.. _milliseconds];
    }

    public Call? Next()
    {
        var call = _next;
        _next = null;
        return call;
    }

    public void Ended(in CallOutcome outcome)
    {
        _milliseconds.Add(Stopwatch.GetElapsedTime(_due).TotalMilliseconds);
        if (outcome.Status != CallOutcome.Ok)
        {
            Failed++;
            FirstFailure ??= $"status {outcome.Status}: {outcome.StatusMessage}";
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
