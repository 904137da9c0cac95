using System.Net;
using System.Security.Cryptography;
using Google.Protobuf;
using MeshGrains.Gateway.Metrics;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// <c>meshgrains.agent.v1.NodeAgent/AttestNode</c>: evidence, challenges and their answers on one short stream. What a challenge is about lives in this
/// call alone: nothing is kept for those who never answer.
/// </summary>
internal sealed class NodeCalls(
    IEnumerable<INodeAttestor> attestors, NodeAdmission nodes, AgentSvids svids, IAdmission admission, IFailurePenalty penalty, IIssuanceService issuance,
    GatewayMetrics metrics, GatewayRefusalMetrics authentication, RefusalLog refusals, TimeProvider time, ILogger<NodeCalls> logger)
{
    public const int MaxMessageBytes = 64 * 1024;

    private const int MaxParts = 10;
    private const int MaxChallenges = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly Refusal Malformed = new(
        RefusalCode.InvalidArgument, "attestation_malformed", $"The first message names an attestor and brings a request and at most {MaxParts} pieces of evidence.");

    private static readonly Refusal Late = new(RefusalCode.Unauthenticated, "attestation_late", $"The attestation was not done within {Patience.TotalSeconds:0} s.");

    private readonly INodeAttestor[] _attestors = [.. attestors];

    public async Task HandleAsync(RpcRequestReader<Wire.AttestNodeRequest> requests, RpcResponseWriter<Wire.AttestNodeResponse> responses, RpcServerContext context)
    {
        var http = context.HttpContext;
        var started = metrics.Start();
        Refusal? refusal;
        using var patience = new CancellationTokenSource(Patience, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, patience.Token);
        try
        {
            refusal = await ServeAsync(requests, responses, http, ending.Token);
            if (refusal is null)
            {
                return;
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            refusal = Late;
        }
        catch (Exception e) when (e is not (OperationCanceledException or RpcException))
        {
            refusal = RefusalMap.Of(e) ?? RefusalMap.Unforeseen;
            if (refusal.Code == RefusalCode.Internal)
            {
                ServingLog.RequestFailed(logger, e, RequestId.Of(http), http.Request.Method, context.Method);
            }
        }

        metrics.Refused(AgentSvids.Api, refusal.Reason, started);
        refusals.Tell(AgentSvids.Api, http, http.Connection.RemoteIpAddress?.ToString() ?? "unknown", refusal);
        throw AgentRefusal.Of(refusal, RequestId.Of(http));
    }

    private async Task<Refusal?> ServeAsync(
        RpcRequestReader<Wire.AttestNodeRequest> requests, RpcResponseWriter<Wire.AttestNodeResponse> responses, HttpContext http, CancellationToken cancellationToken)
    {
        var sender = new CallCredentials { RemoteAddress = http.Connection.RemoteIpAddress ?? IPAddress.Loopback };
        using var lease = admission.TryEnter(sender.RemoteAddress, AdmissionClass.Newcomer, out var refusal);
        if (lease is null)
        {
            return refusal;
        }

        if (await requests.ReadAsync(cancellationToken) is not { } first || first.Attestor.Length is 0 or > 32 || first.Evidence.Count > MaxParts)
        {
            return Malformed;
        }

        if (_attestors.FirstOrDefault(known => known.Name == first.Attestor && known.IsConfigured) is not { } attestor)
        {
            return Failed(sender, new Refusal(
                RefusalCode.PermissionDenied, "attestation_unsupported", "No node is admitted by this attestor here: nodeAttestation in the silo's configuration lists who is."));
        }

        // Before the attestation: a node that attests but once must not use it up on what cannot be issued.
        if (JudgeRequest(first.Csr.Memory) is { } unfit)
        {
            return unfit;
        }

        var asked = 0;
        var verdict = await attestor.AttestAsync(
            new NodeEvidence([.. first.Evidence.Select(part => part.ToByteArray())], SHA256.HashData(first.Csr.Span)),
            async challenge =>
            {
                if (++asked > MaxChallenges)
                {
                    throw new InvalidOperationException($"{attestor.Name} asks more than {MaxChallenges} times.");
                }

                await responses.WriteAsync(new Wire.AttestNodeResponse { Challenge = ByteString.CopyFrom(challenge) }, cancellationToken);
                return (await requests.ReadAsync(cancellationToken))?.Answer.ToByteArray();
            },
            cancellationToken);
        if (!verdict.IsAdmitted)
        {
            return Failed(sender, verdict.Refusal);
        }

        var caller = await nodes.AdmitAsync(verdict.Node, attestor.Name, RequestId.Of(http));
        if (admission.CheckQuota(caller) is { } overQuota)
        {
            return overQuota;
        }

        var (answer, unissued) = await svids.IssueAsync(caller, attestor.Name, first.Csr.Memory, RequestId.Of(http), cancellationToken);
        if (unissued is not null)
        {
            return unissued;
        }

        await responses.WriteAsync(new Wire.AttestNodeResponse { Result = answer }, cancellationToken);
        return null;
    }

    private Refusal? JudgeRequest(ReadOnlyMemory<byte> csr)
    {
        if (issuance.NotReadyReason is { } why)
        {
            return new Refusal(RefusalCode.Unavailable, "not_ready", $"This silo cannot issue now: {why}.", RetryAfter: TimeSpan.FromSeconds(1));
        }

        return !CertificateSigningRequest.TryRead(csr, out var request, out var error) ? new Refusal(RefusalCode.InvalidArgument, "csr_malformed", error)
            : request.VerifyProofOfPossession() ? null
            : new Refusal(RefusalCode.InvalidArgument, "csr_proof", "The certificate request is not signed with the private key of its own public key.");
    }

    /// <summary>Like a bad token, it costs the address.</summary>
    private Refusal Failed(CallCredentials sender, Refusal refusal)
    {
        authentication.Authentication(refusal.Reason);
        penalty.Failed(sender);
        return refusal;
    }
}
