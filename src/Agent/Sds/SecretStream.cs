using System.Globalization;
using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Svids;
using MeshGrains.Rpc.Envoy.Discovery;

namespace MeshGrains.Agent.Sds;

/// <summary>
/// One state-of-the-world stream: answers what is asked, pushes what changed. One request is read ahead and one response is under way at most, so that a
/// client that never reads, or never stops asking, waits for itself.
/// </summary>
internal sealed class SecretStream(SecretSession session, NodeState state)
{
    private readonly StreamSubscription _subscription = new();
    private long _version;
    private WorkloadView? _seen;

    /// <param name="read">The next request; null at the end. It has to heed the token.</param>
    /// <param name="write">Completes when the client has taken the response.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public async Task ServeAsync(
        Func<CancellationToken, ValueTask<DiscoveryRequest?>> read, Func<DiscoveryResponse, ValueTask> write, CancellationToken cancellationToken)
    {
        using var consumer = new NodeConsumer(state);
        var reading = read(cancellationToken).AsTask();
        var snapshot = state.Current;
        while (true)
        {
            var asked = false;
            if (await Task.WhenAny(reading, snapshot.Changed) == reading)
            {
                if (await reading is not { } request)
                {
                    return;
                }

                asked = Take(request);
                reading = read(cancellationToken).AsTask();
            }

            cancellationToken.ThrowIfCancellationRequested();

            // Before the first request, and once it has unsubscribed from everything, there is nothing to say.
            if (_subscription.Names is { Count: 0 })
            {
                snapshot = state.Current;
                continue;
            }

            (snapshot, var view) = await session.ReadAsync(cancellationToken);
            if (asked || !view.IsSameAs(_seen, withSvids: true, withCrls: true))
            {
                await SayAsync(asked, consumer, snapshot, view, write);
            }

            if (_subscription.IsAcknowledged)
            {
                // What it took says the same as this snapshot does.
                consumer.Confirm(snapshot);
            }
        }
    }

    private bool Take(DiscoveryRequest request)
    {
        SecretSession.RequireType(request.TypeUrl);
        session.Note(request.Node);
        var meaning = _subscription.Take(request);
        if (meaning is RequestMeaning.Refused or RequestMeaning.RefusedAndAsked)
        {
            session.Nacked(request.ErrorDetail.Message);
        }

        return meaning is RequestMeaning.Asked or RequestMeaning.RefusedAndAsked;
    }

    private async Task SayAsync(bool asked, NodeConsumer consumer, NodeSnapshot snapshot, WorkloadView view, Func<DiscoveryResponse, ValueTask> write)
    {
        _seen = view;
        consumer.Give(snapshot, view);
        var picked = SecretSession.Pick(session.SecretsOf(view), _subscription.Names);
        if (!asked && !_subscription.IsNews(picked))
        {
            return;
        }

        var nonce = SecretSession.NewNonce();
        await write(SdsHandlers.Response(picked, (++_version).ToString(CultureInfo.InvariantCulture), nonce));
        _subscription.Sent(nonce, picked);
    }
}
