using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Bench;

/// <summary>
/// What a node agent is to the gateway: one stream that it opens again as the real one does, reports after updates, probes of the path. It has no workloads.
/// Times are <see cref="Stopwatch"/> timestamps.
/// </summary>
internal sealed class SimulatedAgent(AgentFleet fleet, string spiffeId, X509Certificate2 certificate, X509Certificate2Collection intermediates)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ReportAfter = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ReportSpread = TimeSpan.FromSeconds(2);

    private readonly SslStreamCertificateContext _identity = SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
    private readonly Dictionary<string, long> _held = new(StringComparer.Ordinal);
    private AgentStream? _stream;
    private long _update;
    private int _reporting;

    public string SpiffeId => spiffeId;

    /// <summary>When the first update of the stream that stands came; 0 while none does.</summary>
    public long StoodAt { get; private set; }

    public long DenialNumber { get; private set; }

    /// <summary>When that number came.</summary>
    public long DenialAt { get; private set; }

    public long BundleNumber { get; private set; }

    public int Held => _held.Count;

    /// <summary>When the entries changed last.</summary>
    public long EntriesAt { get; private set; }

    /// <summary>How the last stream, or attempt at one, ended.</summary>
    public string LastEnd { get; private set; } = "";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        while (!cancellationToken.IsCancellationRequested)
        {
            var stood = false;
            try
            {
                stood = await RunOnceAsync(cancellationToken);
            }
            catch (Exception failure) when (failure is IOException or AuthenticationException or OperationCanceledException or ObjectDisposedException)
            {
                LastEnd = failure.Message;
            }

            StoodAt = 0;
            pause = stood ? FirstPause : pause * 2 < MaxPause ? pause * 2 : MaxPause;
            await Task.Delay(pause * (0.5 + (Random.Shared.NextDouble() / 2)), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A dead path is found by the read that fails.</summary>
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _stream) is { } stream && StoodAt != 0)
        {
            await QuietlyAsync(stream.PingAsync(cancellationToken));
        }
    }

    private async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ConnectPatience);
        var first = Report();
        first.UpdateNumber = _update = 0;
        first.Held.AddRange(_held.Select(entry => new HeldEntry { Id = entry.Key, Revision = entry.Value }));
        await using var stream = await AgentStream.OpenAsync(fleet.Gateway, fleet.Tls(_identity), first, patience.Token);
        patience.CancelAfter(Timeout.InfiniteTimeSpan);
        Volatile.Write(ref _stream, stream);
        try
        {
            var (status, message) = await stream.RunAsync(update => Take(update, stream, cancellationToken), cancellationToken);
            LastEnd = $"status {status}: {Uri.UnescapeDataString(message)}";
        }
        finally
        {
            Volatile.Write(ref _stream, null);
        }

        return StoodAt != 0;
    }

    private void Take(AgentUpdate update, AgentStream stream, CancellationToken cancellationToken)
    {
        var now = Stopwatch.GetTimestamp();
        if (update.DenialNumber != DenialNumber)
        {
            (DenialNumber, DenialAt) = (update.DenialNumber, now);
        }

        if (update.Entries.Count + update.RemovedEntryIds.Count > 0)
        {
            EntriesAt = now;
        }

        foreach (var entry in update.Entries)
        {
            _held[entry.Id] = entry.Revision;
        }

        foreach (var id in update.RemovedEntryIds)
        {
            _held.Remove(id);
        }

        BundleNumber = update.Bundles.Count > 0 ? update.Bundles[0].Number : BundleNumber;
        _update = update.Number;
        if (StoodAt == 0)
        {
            StoodAt = now;
        }

        if (Interlocked.Exchange(ref _reporting, 1) == 0)
        {
            _ = ReportSoonAsync(stream, cancellationToken);
        }
    }

    private async Task ReportSoonAsync(AgentStream stream, CancellationToken cancellationToken)
    {
        await Task.Delay(ReportAfter + (ReportSpread * Random.Shared.NextDouble()), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Volatile.Write(ref _reporting, 0);
        await QuietlyAsync(stream.ReportAsync(Report(), cancellationToken));
    }

    private AgentReport Report() => new()
    {
        Version = "bench", UpdateNumber = _update, BundleNumber = BundleNumber, DenialNumber = DenialNumber, Health = new AgentHealth { Consumers = 1 },
    };

    private static async Task QuietlyAsync(Task writing)
    {
        try
        {
            await writing;
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // Reading tells why the stream ended.
        }
    }
}
