using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Envoy.Discovery;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Sds;

/// <summary>The three methods of SDS: each attests its caller, then the streams go their way.</summary>
internal sealed class SdsHandlers(
    CallerSource callers, NodeState state, AgentConfiguration options, AgentMetrics metrics, StreamsEnd end, TimeProvider time,
    ILogger<SdsHandlers> logger)
{
    public static readonly MeshGrains.Rpc.Envoy.Core.ControlPlane Self = new() { Identifier = "meshgrains-agent" };

    /// <summary>One answer; its version is a hash of what it says, so that one who polls can tell.</summary>
    public async ValueTask<DiscoveryResponse> FetchAsync(DiscoveryRequest request, RpcServerContext context)
    {
        SecretSession.RequireType(request.TypeUrl);
        SecretSession.RequireBounded(request.ResourceNames);
        var session = await SessionAsync(context, context.CancellationToken);
        session.Note(request.Node);
        var (_, view) = await session.ReadAsync(context.CancellationToken);
        var picked = SecretSession.Pick(session.SecretsOf(view), request.ResourceNames.Count == 0 ? null : request.ResourceNames.Distinct().ToList());
        return Response(picked, SecretSession.VersionOf(picked), SecretSession.NewNonce());
    }

    public Task StreamAsync(RpcRequestReader<DiscoveryRequest> requests, RpcResponseWriter<DiscoveryResponse> responses, RpcServerContext context) =>
        end.GuardAsync(context, async token => await new SecretStream(await SessionAsync(context, token), state).ServeAsync(
            requests.ReadAsync, response => responses.WriteAsync(response, token), token));

    public Task StreamDeltaAsync(
        RpcRequestReader<DeltaDiscoveryRequest> requests, RpcResponseWriter<DeltaDiscoveryResponse> responses, RpcServerContext context) =>
        end.GuardAsync(context, async token => await new DeltaStream(await SessionAsync(context, token), state).ServeAsync(
            requests.ReadAsync, response => responses.WriteAsync(response, token), token));

    internal static DiscoveryResponse Response(IEnumerable<Google.Protobuf.WellKnownTypes.Any> secrets, string version, string nonce)
    {
        var response = new DiscoveryResponse { TypeUrl = SecretFactory.TypeUrl, VersionInfo = version, Nonce = nonce, ControlPlane = Self };
        response.Resources.AddRange(secrets);
        return response;
    }

    private async Task<SecretSession> SessionAsync(RpcServerContext context, CancellationToken cancellationToken) =>
        new(await callers.OfAsync(context).WaitAsync(cancellationToken), state, options, metrics, time, logger);
}
