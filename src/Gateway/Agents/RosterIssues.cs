using System.Collections.Immutable;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// Puts agents' own SVIDs on the roster before they are given out, so that a rotation waits for every agent that there is. Those that come while a call
/// is on its way share the next one: a fleet that attests at once costs few writes.
/// </summary>
internal sealed class RosterIssues
{
    private const int MaxBatch = 256;
    private const int MaxWaiting = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly Refusal Away = new(
        RefusalCode.Unavailable, "roster_unavailable", "The agents' roster cannot be written now, so no agent gets an SVID; try again shortly.",
        RetryAfter: TimeSpan.FromSeconds(1));

    private static readonly Refusal Superseded = new(
        RefusalCode.PermissionDenied, "agent_superseded", "This agent has attested again since; only the one that attested last goes on. Attest anew.");

    private static readonly Refusal Full = new(
        RefusalCode.ResourceExhausted, "roster_full", "The agents' roster holds as many agents as it may.", RetryAfter: TimeSpan.FromMinutes(1));

    private readonly Shard[] _shards;

    public RosterIssues(IGrainFactory grains, MeshScope scope, TimeProvider time) => _shards = [.. Enumerable.Range(0, AgentRosterShards.Count)
        .Select(shard => new Shard(() => grains.GetGrain<IAgentRosterGrain>(AgentRosterShards.Key(scope.TrustDomain.Name, shard)), time))];

    /// <summary>Null when it is recorded, else why the SVID must not be given out.</summary>
    public Task<Refusal?> RecordAsync(AgentIssue issue, CancellationToken cancellationToken) =>
        _shards[AgentRosterShards.Of(issue.AgentId)].AddAsync(issue).WaitAsync(cancellationToken);

    private sealed class Shard(Func<IAgentRosterGrain> grain, TimeProvider time)
    {
        private readonly Lock _gate = new();
        private readonly Queue<(AgentIssue Issue, TaskCompletionSource<Refusal?> Done)> _waiting = new();
        private bool _busy;

        public Task<Refusal?> AddAsync(AgentIssue issue)
        {
            var done = new TaskCompletionSource<Refusal?>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate)
            {
                if (_waiting.Count >= MaxWaiting)
                {
                    return Task.FromResult<Refusal?>(Away);
                }

                _waiting.Enqueue((issue, done));
                if (_busy)
                {
                    return done.Task;
                }

                _busy = true;
            }

            _ = Task.Run(WriteAsync);
            return done.Task;
        }

        private async Task WriteAsync()
        {
            var batch = new List<(AgentIssue Issue, TaskCompletionSource<Refusal?> Done)>();
            while (true)
            {
                batch.Clear();
                lock (_gate)
                {
                    while (batch.Count < MaxBatch && _waiting.TryDequeue(out var one))
                    {
                        batch.Add(one);
                    }

                    if (batch.Count == 0)
                    {
                        _busy = false;
                        return;
                    }
                }

                try
                {
                    var told = await grain().IssuedAsync([.. batch.Select(one => one.Issue)]).WaitAsync(Patience, time);
                    for (var i = 0; i < batch.Count; i++)
                    {
                        batch[i].Done.SetResult(told[i] switch { "" => null, "agent_superseded" => Superseded, _ => Full });
                    }
                }
                catch (Exception failure)
                {
                    // Nothing of what waits may be lost, whatever went wrong.
                    var refusal = RefusalMap.Of(failure) ?? Away with { LogDetail = failure.Message };
                    batch.ForEach(one => one.Done.TrySetResult(refusal));
                }
            }
        }
    }
}
