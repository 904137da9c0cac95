using System.Globalization;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Envoy.Discovery;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Sds;

/// <summary><c>StreamSecrets</c> and <c>FetchSecrets</c>.</summary>
internal sealed class SdsHandlers(
    CallerSource callers, AgentState state, BundleConsumers consumers, AgentConfiguration options, AgentMetrics metrics, TimeProvider time, ILogger<SdsHandlers> logger)
{
    private static readonly MeshGrains.Rpc.Envoy.Core.ControlPlane Self = new() { Identifier = "meshgrains-agent" };

    public async ValueTask<DiscoveryResponse> FetchAsync(DiscoveryRequest request, RpcServerContext context)
    {
        SecretSession.RequireType(request.TypeUrl);
        var session = await SessionAsync(context);
        session.Note(request.Node);
        var (_, secrets) = await session.ReadAsync(context.CancellationToken);
        return Response(SecretSession.Pick(secrets, request.ResourceNames.Count == 0 ? null : request.ResourceNames.Distinct().ToList()), "1", SecretSession.NewNonce());
    }

    public async Task StreamAsync(RpcRequestReader<DiscoveryRequest> requests, RpcResponseWriter<DiscoveryResponse> responses, RpcServerContext context)
    {
        var session = await SessionAsync(context);
        var subscription = new StreamSubscription();
        using var consumer = consumers.Join(state.Current.BundleNumber);
        List<Google.Protobuf.WellKnownTypes.Any>? sent = null;
        long version = 0, sentBundle = 0;
        var reading = requests.ReadAsync(context.CancellationToken).AsTask();
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

                SecretSession.RequireType(request.TypeUrl);
                session.Note(request.Node);
                var meaning = subscription.Take(request);
                if (meaning is RequestMeaning.Refused or RequestMeaning.RefusedAndAsked)
                {
                    session.Nacked(request.ErrorDetail.Message);
                }

                asked = meaning is RequestMeaning.Asked or RequestMeaning.RefusedAndAsked;
                reading = requests.ReadAsync(context.CancellationToken).AsTask();
            }

            // Before the first request, and once it has unsubscribed from everything, there is nothing to say.
            if (subscription.Names is { Count: 0 })
            {
                snapshot = state.Current;
                continue;
            }

            (snapshot, var secrets) = await session.ReadAsync(context.CancellationToken);
            var picked = SecretSession.Pick(secrets, subscription.Names);
            if (asked || sent is null || !picked.All(sent.Contains))
            {
                var nonce = SecretSession.NewNonce();
                await responses.WriteAsync(Response(picked, (++version).ToString(CultureInfo.InvariantCulture), nonce));
                subscription.Sent(nonce);
                (sent, sentBundle) = (picked, snapshot.BundleNumber);
            }
            else if (subscription.IsAcknowledged)
            {
                // What it took says the same as this snapshot does.
                consumer.Confirm(Math.Max(sentBundle, snapshot.BundleNumber));
            }
        }
    }

    private static DiscoveryResponse Response(IEnumerable<Google.Protobuf.WellKnownTypes.Any> secrets, string version, string nonce)
    {
        var response = new DiscoveryResponse { TypeUrl = SecretFactory.TypeUrl, VersionInfo = version, Nonce = nonce, ControlPlane = Self };
        response.Resources.AddRange(secrets);
        return response;
    }

    private async Task<SecretSession> SessionAsync(RpcServerContext context) =>
        new(await callers.OfAsync(context), state, options, metrics, time, logger);
}
