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

/// <summary>Keeps an SVID for every entry: new ones at once, standing ones at half of their life, tainted ones before their time; in batches.</summary>
internal sealed class SvidRenewer(
    AgentState state, SvidDemand demand, ControlPlaneLink link, AgentConfiguration options, AgentMetrics metrics, IJitter jitter, TimeProvider time, ILogger<SvidRenewer> logger)
    : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);

    // Entries that were refused, and when they may be asked for again; cleared of entries that went.
    private readonly Dictionary<string, (DateTimeOffset At, TimeSpan Pause)> _refused = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = FirstRetry;
        while (!stoppingToken.IsCancellationRequested)
        {
            var snapshot = state.Current;
            var linked = link.Current;
            var now = time.GetUtcNow();
            if (state.DropExpired(now) is > 0 and var expired)
            {
                AgentLog.SvidsExpired(logger, expired);
                continue;
            }

            var due = linked is null ? [] : Due(snapshot, now);
            try
            {
                if (due.Count > 0)
                {
                    await IssueAsync(linked!, due, snapshot, stoppingToken);
                    pause = FirstRetry;
                    continue;
                }

                await WaitAsync(snapshot, linked is not null, now, stoppingToken);
            }
            catch (Exception failure) when (failure is RpcException && !stoppingToken.IsCancellationRequested)
            {
                AgentLog.BatchFailed(logger, due.Count, failure.Message);
                link.Failed(linked!, (RpcException)failure);
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
            .Where(entry => !_refused.TryGetValue(entry.Id, out var refused) || refused.At <= now)
            .Select(entry => (Entry: entry, Svid: snapshot.Svids.GetValueOrDefault(entry.Id)))
            .Where(item => item.Svid is null || item.Svid.RenewAt <= now || snapshot.TaintedAuthorities.Contains(item.Svid.IssuerAuthorityId))
            .OrderBy(item => item.Svid is null && wanted.Contains(item.Entry.Id) ? 0 : 1).ThenBy(item => item.Svid?.NotAfter ?? DateTimeOffset.MinValue)
            .Take(options.Renewal.BatchSize)
            .Select(item => item.Entry)];
    }

    private async Task IssueAsync(ControlPlaneClient client, List<AgentEntry> due, AgentSnapshot snapshot, CancellationToken cancellationToken)
    {
        var keys = due.Select(_ => new SvidKey()).ToList();
        try
        {
            var request = new IssueRequest();
            request.Items.AddRange(due.Zip(keys, (entry, key) => new IssueRequest.Types.Item { EntryId = entry.Id, Csr = ByteString.CopyFrom(key.CsrDer) }));
            var response = await client.IssueAsync(request, cancellationToken);
            if (response.Results.Count != due.Count)
            {
                throw new RpcException(RpcStatusCode.Internal, $"The control plane answered {response.Results.Count} of {due.Count} requests.");
            }

            var now = time.GetUtcNow();
            var taken = new List<WorkloadSvid>();
            for (var i = 0; i < due.Count; i++)
            {
                if (Take(due[i], keys[i], response.Results[i], snapshot, now) is { } svid)
                {
                    taken.Add(svid);
                    _refused.Remove(due[i].Id);
                }
            }

            state.Put(taken);
            metrics.Issued(taken.Count);
        }
        finally
        {
            keys.ForEach(key => key.Dispose());
        }
    }

    private WorkloadSvid? Take(AgentEntry entry, SvidKey key, IssueResponse.Types.Result result, AgentSnapshot snapshot, DateTimeOffset now)
    {
        var problem = result.Code != 0 ? $"{result.Reason}: {result.Message}" : null;
        if (problem is null && (result.Svid is not { Chain.Count: > 0 } || !ParsedCertificate.TryRead(result.Svid.Chain[0].Memory, out var leaf, out problem)))
        {
            problem ??= "the answer holds no certificate";
        }
        else if (problem is null)
        {
            leaf = ParsedCertificate.Read(result.Svid.Chain[0].Memory);
            problem = key.Check(leaf, entry.SpiffeId);
            if (problem is null)
            {
                return new WorkloadSvid(
                    entry.Id, entry.SpiffeId, [.. result.Svid.Chain.Select(der => (ReadOnlyMemory<byte>)der.ToByteArray())], key.ExportPkcs8(),
                    Convert.ToHexStringLower(leaf.AuthorityKeyIdentifier.Span), leaf.NotAfter, HalfLife.Of(now, leaf.NotAfter, options.Renewal.Jitter, jitter));
            }
        }

        // What is refused is asked for again, ever more rarely: the entry may be mended, or may go.
        var pause = _refused.TryGetValue(entry.Id, out var before) ? before.Pause * 2 : TimeSpan.FromSeconds(1);
        pause = TimeSpan.FromTicks(Math.Min(pause.Ticks, TimeSpan.FromMinutes(5).Ticks));
        var after = TimeSpan.FromMilliseconds(Math.Clamp(result.RetryAfterMs, 0, 300_000));
        _refused[entry.Id] = (now + (after > pause ? after : pause) * jitter.Next(0.2), pause);
        metrics.Refused(result.Reason.Length == 0 ? "bad_answer" : result.Reason);
        AgentLog.SvidRefused(logger, entry.SpiffeId, entry.Id, problem!);
        return null;
    }

    private async Task WaitAsync(AgentSnapshot snapshot, bool linked, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var moments = snapshot.Svids.Values.Select(svid => linked ? svid.RenewAt : svid.NotAfter)
            .Concat(linked ? _refused.Values.Select(refused => refused.At) : [])
            .Concat(snapshot.Svids.Values.Select(svid => svid.NotAfter));
        var next = moments.DefaultIfEmpty(now + TimeSpan.FromMinutes(1)).Where(moment => moment > now).DefaultIfEmpty(now + TimeSpan.FromMilliseconds(100)).Min();
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(snapshot.Changed, link.Changed, Clock.PauseAsync(time, next - now, woken.Token));
        await woken.CancelAsync();
    }
}
