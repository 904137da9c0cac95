using System.Collections.Immutable;
using Google.Protobuf;
using MeshGrains.Agent.ControlPlane;
using MeshGrains.Agent.Hosting;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Svids;

/// <summary>Keeps an SVID for every entry: new ones at once, standing ones at half of their life, before their time what chains to an authority that was given up; in batches.</summary>
internal sealed class SvidRenewer(
    AgentState state, SvidDemand demand, ReissueSchedule reissues, IIssuerLink link, AgentConfiguration options, AgentMetrics metrics, IJitter jitter, TimeProvider time,
    ILogger<SvidRenewer> logger)
    : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);

    private const int FirstBatch = 10;
    private static readonly TimeSpan QuickBatch = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private ImmutableArray<ReadOnlyMemory<byte>> _issuers = [];
    private int _batch = Math.Min(FirstBatch, options.Renewal.BatchSize);

    // Entries that were refused, and when they may be asked for again, unless they change; cleared of entries that went.
    private readonly Dictionary<string, (DateTimeOffset At, TimeSpan Pause, long Revision)> _refused = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = FirstRetry;
        while (!stoppingToken.IsCancellationRequested)
        {
            var snapshot = state.Current;
            var relinked = link.Changed;
            var linked = link.Issuer;
            var now = time.GetUtcNow();
            if (state.DropExpired(now) is > 0 and var expired)
            {
                AgentLog.SvidsExpired(logger, expired);
                continue;
            }

            if (state.DropEndedCrls(now) is > 0 and var ended)
            {
                AgentLog.CrlsEnded(logger, ended);
                continue;
            }

            // Before the entries are whole nobody is served, and whoever waits is not known yet.
            var due = linked is null || !snapshot.IsSynced ? [] : Due(snapshot, now);
            try
            {
                if (due.Count > 0)
                {
                    var rest = await IssueAsync(linked!, due, stoppingToken);
                    pause = FirstRetry;
                    if (rest > TimeSpan.Zero)
                    {
                        await Clock.PauseAsync(time, rest * jitter.Next(0.2), stoppingToken);
                    }

                    continue;
                }

                await WaitAsync(snapshot, relinked, linked is not null, now, stoppingToken);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                // A session that ends under a call shows in many ways; none of them may end the renewal.
                AgentLog.BatchFailed(logger, due.Count, failure.Message);
                if (linked is not null && failure is RpcException refused)
                {
                    link.Failed(linked, refused);
                }

                await Clock.PauseAsync(time, pause * jitter.Next(0.5), stoppingToken);
                pause = pause * 2 < options.ControlPlane.MaxBackoff ? pause * 2 : options.ControlPlane.MaxBackoff;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private List<AgentEntry> Due(AgentSnapshot snapshot, DateTimeOffset now)
    {
        foreach (var gone in _refused.Keys.Where(id => !snapshot.Entries.Entries.ContainsKey(id)).ToList())
        {
            _refused.Remove(gone);
        }

        // Those that somebody waits for first, then those without any.
        var wanted = demand.Take();
        return [.. snapshot.Entries.Entries.Values
            .Where(entry => !_refused.TryGetValue(entry.Id, out var refused) || refused.At <= now || refused.Revision != entry.Revision)
            .Select(entry => (Entry: entry, Svid: snapshot.Svids.GetValueOrDefault(entry.Id)))
            .Where(item => item.Svid is null || item.Svid.RenewAt <= now || reissues.MomentOf(item.Svid.Chain) <= now)
            .OrderBy(item => item.Svid is null && wanted.Contains(item.Entry.Id) ? 0 : 1).ThenBy(item => item.Svid?.NotAfter ?? DateTimeOffset.MinValue)
            .Take(_batch)
            .Select(item => item.Entry)];
    }

    /// <summary>How long the control plane, which has too much to do, is let alone before the next batch; zero when it took all.</summary>
    private async Task<TimeSpan> IssueAsync(ISvidIssuer issuer, List<AgentEntry> due, CancellationToken cancellationToken)
    {
        var keys = due.Select(_ => new SvidKey()).ToList();
        try
        {
            var request = new IssueRequest();
            request.Items.AddRange(due.Zip(keys, (entry, key) => new IssueRequest.Types.Item { EntryId = entry.Id, Csr = ByteString.CopyFrom(key.CsrDer) }));
            var started = time.GetTimestamp();
            var response = await issuer.IssueAsync(request, cancellationToken);
            Resize(time.GetElapsedTime(started));
            if (response.Results.Count != due.Count)
            {
                throw new RpcException(RpcStatusCode.Internal, $"The control plane answered {response.Results.Count} of {due.Count} requests.");
            }

            var now = time.GetUtcNow();
            var taken = new List<WorkloadSvid>();
            List<IssueResponse.Types.Result> busy = [];
            for (var i = 0; i < due.Count; i++)
            {
                if (response.Results[i] is { Code: (int)RpcStatusCode.ResourceExhausted or (int)RpcStatusCode.Unavailable } later)
                {
                    // Nothing about this entry: it stays due, and whoever is waited for comes first then.
                    busy.Add(later);
                    metrics.Refused(later.Reason.Length == 0 ? "busy" : later.Reason);
                }
                else if (Take(due[i], keys[i], response.Results[i], now) is { } svid)
                {
                    taken.Add(svid);

                    // Held all the same; asked for again, but not at once and for ever.
                    if (reissues.MomentOf(svid.Chain) <= now)
                    {
                        Refuse(due[i], "tainted_issuer", "it chains to an authority still that was given up", TimeSpan.Zero, now);
                    }
                    else
                    {
                        _refused.Remove(due[i].Id);
                    }
                }
            }

            state.Put(taken);
            metrics.Issued(taken.Count);
            if (busy.Count == 0)
            {
                return TimeSpan.Zero;
            }

            AgentLog.BatchFailed(logger, busy.Count, busy[0].Message);
            var asked = TimeSpan.FromMilliseconds(busy.Max(result => result.RetryAfterMs));
            return asked < FirstRetry ? FirstRetry : asked < LongestRest ? asked : LongestRest;
        }
        finally
        {
            keys.ForEach(key => key.Dispose());
        }
    }

    /// <summary>Whoever calls while a batch is under way waits for the whole of it and for the next one: so batches are small until they are seen to be quick.</summary>
    private void Resize(TimeSpan taken) =>
        _batch = Math.Clamp(taken < QuickBatch ? _batch * 2 : taken > 2 * QuickBatch ? _batch / 2 : _batch, 1, options.Renewal.BatchSize);

    /// <summary>Null when it was refused, or what came cannot be used.</summary>
    private WorkloadSvid? Take(AgentEntry entry, SvidKey key, IssueResponse.Types.Result result, DateTimeOffset now)
    {
        if (result.Code != 0)
        {
            var reason = result.Reason.Length == 0 ? "bad_answer" : result.Reason;
            Refuse(entry, reason, $"{reason}: {result.Message}", TimeSpan.FromMilliseconds(Math.Clamp(result.RetryAfterMs, 0, 300_000)), now);
            return null;
        }

        ParsedCertificate? leaf = null;
        string? problem = null;
        if (result.Svid is not { Chain.Count: > 0 } || !ParsedCertificate.TryRead(result.Svid.Chain[0].Memory, out leaf, out problem))
        {
            problem ??= "the answer holds no certificate";
        }
        else
        {
            problem = key.Check(leaf, entry.SpiffeId) ?? (leaf.NotAfter > now ? null : $"it ended at {leaf.NotAfter:O}, and it is {now:O} here; look at this node's clock");
        }

        if (problem is not null)
        {
            Refuse(entry, "bad_answer", problem, TimeSpan.Zero, now);
            return null;
        }

        return new WorkloadSvid(
            entry.Id, entry.SpiffeId, Chain(result.Svid), key.ExportPkcs8(), Convert.ToHexStringLower(leaf!.AuthorityKeyIdentifier.Span), leaf.NotAfter,
            HalfLife.Of(now, leaf.NotAfter, options.Renewal.Jitter, jitter));
    }

    /// <summary>Thousands of leaves share a few issuers: each of those is kept once.</summary>
    private ImmutableArray<ReadOnlyMemory<byte>> Chain(Svid svid)
    {
        if (svid.Chain.Count > 1 && !svid.Chain.Skip(1).Select(der => der.Memory).SequenceEqual(_issuers, ByContent.Instance))
        {
            _issuers = [.. svid.Chain.Skip(1).Select(der => (ReadOnlyMemory<byte>)der.ToByteArray())];
        }

        return [svid.Chain[0].ToByteArray(), .. svid.Chain.Count > 1 ? _issuers : []];
    }

    /// <summary>What is refused is asked for again, ever more rarely: the entry may be mended, or may go.</summary>
    private void Refuse(AgentEntry entry, string reason, string problem, TimeSpan after, DateTimeOffset now)
    {
        var pause = _refused.TryGetValue(entry.Id, out var before) ? before.Pause * 2 : TimeSpan.FromSeconds(1);
        pause = pause < LongestPause ? pause : LongestPause;
        _refused[entry.Id] = (now + (after > pause ? after : pause) * jitter.Next(0.2), pause, entry.Revision);
        metrics.Refused(reason);
        AgentLog.SvidRefused(logger, entry.SpiffeId, entry.Id, problem);
    }

    private async Task WaitAsync(AgentSnapshot snapshot, Task relinked, bool linked, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var moments = snapshot.Svids.Values.Select(svid => linked ? svid.RenewAt : svid.NotAfter)
            .Concat(linked ? snapshot.Svids.Values.Select(svid => reissues.MomentOf(svid.Chain)).OfType<DateTimeOffset>() : [])
            .Concat(linked ? _refused.Values.Select(refused => refused.At) : [])
            .Concat(snapshot.Svids.Values.Select(svid => svid.NotAfter));
        var next = moments.DefaultIfEmpty(now + TimeSpan.FromMinutes(1)).Where(moment => moment > now).DefaultIfEmpty(now + TimeSpan.FromMilliseconds(100)).Min();
        if (snapshot.Crls?.FirstEnd is { } end && end > now && end < next)
        {
            next = end;
        }

        using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(snapshot.Changed, relinked, Clock.PauseAsync(time, next - now, woken.Token));
        await woken.CancelAsync();
    }

    private sealed class ByContent : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public static ByContent Instance { get; } = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> obj) => obj.Length;
    }
}
