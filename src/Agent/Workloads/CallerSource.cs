using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Workloads;

/// <summary>Attests the process behind a call, anew for each.</summary>
internal sealed class CallerSource(WorkloadAttestors attestors, NodeState state, AgentMetrics metrics, ILogger<CallerSource> logger)
{
    public const string SecurityHeader = "workload.spiffe.io";

    /// <summary>A Workload API call: exactly one security header.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT without the header; UNAVAILABLE when the process cannot be attested.</exception>
    public Task<Caller> OfWorkloadApiAsync(RpcServerContext context) =>
        context.HttpContext.Request.Headers[SecurityHeader] is ["true"]
            ? OfAsync(context)
            : throw new RpcException(RpcStatusCode.InvalidArgument, $"The security header is missing: send '{SecurityHeader}: true', once.");

    /// <inheritdoc cref="OfWorkloadApiAsync"/>
    public async Task<Caller> OfAsync(RpcServerContext context)
    {
        var peer = context.HttpContext.Features.Get<PeerProcess>()
            ?? throw new InvalidOperationException("A workload's call came by another way than the socket.");
        var attestation = await attestors.AttestAsync(peer, context.CancellationToken);
        metrics.Attested(attestation.Reason ?? "ok");
        if (attestation.Succeeded)
        {
            return new Caller(peer, attestation, state, metrics, logger);
        }

        AgentLog.WorkloadRefused(logger, peer.ProcessId, peer.UserId, attestation.Reason, attestation.Detail);
        throw new RpcException(RpcStatusCode.Unavailable, $"The calling process could not be attested ({attestation.Reason}); try again on a new connection.");
    }
}
