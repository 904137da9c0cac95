using System.Globalization;
using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Svids;
using MeshGrains.Rpc.Envoy.Discovery;

namespace MeshGrains.Agent.Sds;

/// <summary>One delta stream: each secret has a version of its own (a hash of what it says), and only what changed is sent. As bounded as <see cref="SecretStream"/>.</summary>
internal sealed class DeltaStream(SecretSession session, NodeState state)
{
    private readonly DeltaSubscription _subscription = new();
    private long _number;
    private string _nonce = "";
    private bool _acknowledged;
    private WorkloadView? _seen;

    /// <inheritdoc cref="SecretStream.ServeAsync"/>
    public async Task ServeAsync(
        Func<CancellationToken, ValueTask<DeltaDiscoveryRequest?>> read, Func<DeltaDiscoveryResponse, ValueTask> write, CancellationToken cancellationToken)
    {
        using var consumer = new NodeConsumer(state);
        var reading = read(cancellationToken).AsTask();
        var snapshot = state.Current;
        while (true)
        {
            var came = false;
            if (await Task.WhenAny(reading, snapshot.Changed) == reading)
            {
                if (await reading is not { } request)
                {
                    return;
                }

                Take(request);
                came = true;
                reading = read(cancellationToken).AsTask();
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (!_subscription.WantsAnything)
            {
                snapshot = state.Current;
                continue;
            }

            (snapshot, var view) = await session.ReadAsync(cancellationToken);
            if (came || !view.IsSameAs(_seen, withSvids: true, withCrls: true))
            {
                await SayAsync(consumer, snapshot, view, write);
            }

            if (_acknowledged)
            {
                consumer.Confirm(snapshot);
            }
        }
    }

    private void Take(DeltaDiscoveryRequest request)
    {
        SecretSession.RequireType(request.TypeUrl);
        session.Note(request.Node);
        if (request.ErrorDetail is { } refused)
        {
            session.Nacked(refused.Message);
        }

        // A request may come of itself; only the nonce of the last response says something of it.
        if (_nonce.Length > 0 && request.ResponseNonce == _nonce)
        {
            _acknowledged = request.ErrorDetail is null;
        }

        _subscription.Take(request);
    }

    private async Task SayAsync(NodeConsumer consumer, NodeSnapshot snapshot, WorkloadView view, Func<DeltaDiscoveryResponse, ValueTask> write)
    {
        _seen = view;
        consumer.Give(snapshot, view);
        var (changed, removed) = _subscription.Next(session.SecretsOf(view));
        if (changed.Count + removed.Count == 0)
        {
            return;
        }

        (_nonce, _acknowledged) = (SecretSession.NewNonce(), false);
        var response = new DeltaDiscoveryResponse
        {
            TypeUrl = SecretFactory.TypeUrl, SystemVersionInfo = (++_number).ToString(CultureInfo.InvariantCulture), Nonce = _nonce, ControlPlane = SdsHandlers.Self,
        };
        response.Resources.AddRange(changed);
        response.RemovedResources.AddRange(removed);
        await write(response);
    }
}
