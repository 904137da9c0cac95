using Google.Protobuf;
using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc;

namespace MeshGrains.Agent.WorkloadApi;

/// <summary>
/// The Workload API's streams: the first message at once, then one at each change, each with the whole state; what is not in it any more is taken
/// back. A caller that loses its last entry is told PERMISSION_DENIED.
/// </summary>
internal sealed class WorkloadStreams(CallerSource callers, NodeState state, AgentConfiguration options, StreamsEnd end, TimeProvider time)
{
    public async Task ServeAsync<T>(RpcResponseWriter<T> responses, RpcServerContext context, bool waitsForSvids, bool withCrls, Func<WorkloadView, T> write)
        where T : class, IMessage<T>
    {
        var caller = await callers.OfWorkloadApiAsync(context);
        await end.GuardAsync(context, token => ServeAsync(caller, responses, waitsForSvids, withCrls, write, token));
    }

    private async Task ServeAsync<T>(
        Caller caller, RpcResponseWriter<T> responses, bool waitsForSvids, bool withCrls, Func<WorkloadView, T> write, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        var started = time.GetTimestamp();
        WorkloadView? last = null;
        using var consumer = new NodeConsumer(state);
        using var settling = new Settling(consumer, options.Workloads.Settle, time);
        while (true)
        {
            var snapshot = state.Current;
            var view = WorkloadView.Of(snapshot, caller.Entries(snapshot));
            if (waitsForSvids && view.Svids.Count == 0)
            {
                // The certificate is being asked for: the first message may wait for it a little, a later one means that it ended.
                var left = options.Workloads.FirstSvidWait - time.GetElapsedTime(started);
                if (last is not null || left <= TimeSpan.Zero || !await ChangedAsync(snapshot, left, cancellationToken))
                {
                    throw new RpcException(RpcStatusCode.Unavailable, "The control plane has issued no certificate for this identity yet; try again.");
                }

                continue;
            }

            if (!view.IsSameAs(last, waitsForSvids, withCrls))
            {
                consumer.Give(snapshot, view);
                await responses.WriteAsync(write(view), cancellationToken);
                last = view;
            }

            settling.Written(snapshot);

            await snapshot.Changed.WaitAsync(cancellationToken);
        }
    }

    private async Task<bool> ChangedAsync(NodeSnapshot snapshot, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changed = await Task.WhenAny(snapshot.Changed, Clock.PauseAsync(time, patience, ending.Token)) == snapshot.Changed;
        await ending.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return changed;
    }
}
