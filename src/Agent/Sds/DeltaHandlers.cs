using System.Globalization;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Envoy.Discovery;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Sds;

/// <summary><c>DeltaSecrets</c>: each secret has a version of its own (a hash of what it says), and only what changed is sent.</summary>
internal sealed class DeltaHandlers(
    CallerSource callers, AgentState state, BundleConsumers consumers, AgentConfiguration options, AgentMetrics metrics, TimeProvider time, ILogger<DeltaHandlers> logger)
{
    private static readonly MeshGrains.Rpc.Envoy.Core.ControlPlane Self = new() { Identifier = "meshgrains-agent" };

    public async Task StreamAsync(
        RpcRequestReader<DeltaDiscoveryRequest> requests, RpcResponseWriter<DeltaDiscoveryResponse> responses, RpcServerContext context)
    {
        var session = new SecretSession(await callers.OfAsync(context), state, options, metrics, time, logger);
        var subscription = new DeltaSubscription();
        using var consumer = consumers.Join(state.Current.BundleNumber);
        long number = 0;
        var nonce = "";
        var acknowledged = false;
        var reading = requests.ReadAsync(context.CancellationToken).AsTask();
        var snapshot = state.Current;
        while (true)
        {
            if (await Task.WhenAny(reading, snapshot.Changed) == reading)
            {
                if (await reading is not { } request)
                {
                    return;
                }

                SecretSession.RequireType(request.TypeUrl);
                session.Note(request.Node);
                if (request.ErrorDetail is { } refused)
                {
                    session.Nacked(refused.Message);
                }

                acknowledged = request.ResponseNonce == nonce ? nonce.Length > 0 && request.ErrorDetail is null : acknowledged;
                subscription.Take(request);
                reading = requests.ReadAsync(context.CancellationToken).AsTask();
            }

            if (!subscription.WantsAnything)
            {
                snapshot = state.Current;
                continue;
            }

            (snapshot, var secrets) = await session.ReadAsync(context.CancellationToken);
            var (changed, removed) = subscription.Next(secrets);
            if (changed.Count + removed.Count == 0)
            {
                if (acknowledged)
                {
                    consumer.Confirm(snapshot.BundleNumber);
                }

                continue;
            }

            nonce = SecretSession.NewNonce();
            acknowledged = false;
            var response = new DeltaDiscoveryResponse
            {
                TypeUrl = SecretFactory.TypeUrl, SystemVersionInfo = (++number).ToString(CultureInfo.InvariantCulture), Nonce = nonce, ControlPlane = Self,
            };
            response.Resources.AddRange(changed);
            response.RemovedResources.AddRange(removed);
            await responses.WriteAsync(response);
        }
    }
}
