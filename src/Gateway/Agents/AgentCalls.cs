using MeshGrains.Gateway.Metrics;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using Microsoft.Extensions.Logging;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary>The unary calls of <c>meshgrains.agent.v1.NodeAgent</c>: an agent's own SVID, and those of its workloads in batches.</summary>
internal sealed class AgentCalls(
    CallIntake intake, IAdmission admission, IAgentDirectory directory, IRegistrationStore registrations, IIssuanceService issuance, AgentSvids svids,
    KubernetesNodes kubernetes, NodeAdmission nodes, MeshScope scope, GatewayMetrics metrics, RefusalLog refusals, ILogger<AgentCalls> logger)
{
    public const string Service = "/meshgrains.agent.v1.NodeAgent/";
    public const int MaxItems = 128;

    /// <summary>A CSR of 8 KB in a message of its own.</summary>
    public const int MaxCsrMessageBytes = (8 * 1024) + 256;

    internal const string Api = AgentSvids.Api;
    private const string JoinToken = "join_token";

    private static readonly Refusal NotForAgents = new(
        RefusalCode.PermissionDenied, "not_an_agent",
        $"This join token does not admit a node agent. Create one for an entry whose SPIFFE ID lies below {AgentNames.Prefix}.");

    private static readonly Refusal NotAttestable = new(
        RefusalCode.Unauthenticated, "attestation_unsupported",
        "A node attests here by a join token or a Kubernetes token ('authorization: Bearer …'); AttestNode takes other evidence.");

    public ValueTask<Wire.AttestResponse> AttestAsync(Wire.AttestRequest request, RpcServerContext context) =>
        RunAsync<Wire.AttestResponse>(context, async (caller, requestId) =>
        {
            if (caller.Kind == CallerKind.KubernetesToken)
            {
                var verdict = kubernetes.Judge(caller);
                return verdict.IsAdmitted
                    ? await OwnAsync(
                        await nodes.AdmitAsync(verdict.Node, KubernetesNodes.Attestor, requestId), KubernetesNodes.Attestor, request.Csr.Memory, requestId, context)
                    : verdict.Refusal;
            }

            if (caller is not { Kind: CallerKind.JoinToken, EntryId: { } entryId })
            {
                return NotAttestable;
            }

            var entry = await registrations.GetEntryAsync(scope.TrustDomain.Name, entryId, context.CancellationToken);
            return entry is null || !AgentNames.IsAgent(entry.SpiffeId, scope.TrustDomain.Name)
                ? NotForAgents
                : await OwnAsync(caller, JoinToken, request.Csr.Memory, requestId, context);
        });

    public ValueTask<Wire.AttestResponse> RenewAsync(Wire.RenewRequest request, RpcServerContext context) =>
        RunAsync<Wire.AttestResponse>(context, async (caller, requestId) =>
        {
            var (agent, refusal) = await directory.JudgeAsync(caller, context.CancellationToken);
            return refusal is not null ? refusal : await OwnAsync(caller with { AttestedAt = agent!.AttestedAt }, "", request.Csr.Memory, requestId, context);
        });

    public ValueTask<Wire.IssueResponse> IssueAsync(Wire.IssueRequest request, RpcServerContext context) => BatchAsync(
        context, request.Items, item => item.EntryId,
        async (item, asking, requestId) =>
        {
            var result = await issuance.IssueAsync(new SvidRequest(asking, item.Csr.Memory, null, requestId), context.CancellationToken);
            return result.Succeeded ? new Wire.IssueResponse.Types.Result { EntryId = item.EntryId, Svid = AgentMessages.Svid(result.Svid) } : result.Refusal;
        },
        (entryId, refusal) => new Wire.IssueResponse.Types.Result
        {
            EntryId = entryId, Code = (int)RefusalMap.RpcStatus(refusal.Code), Reason = refusal.Reason, Message = refusal.Message, RetryAfterMs = RetryAfterMs(refusal),
        },
        results => new Wire.IssueResponse { Results = { results } });

    /// <summary>Answers each item of a batch for the agent's own entries, all at once: their records share a commit of the log.</summary>
    internal ValueTask<TResponse> BatchAsync<TItem, TResult, TResponse>(
        RpcServerContext context, IReadOnlyCollection<TItem> items, Func<TItem, string> entryOf, Func<TItem, AuthenticatedCaller, string, Task<Answer<TResult>>> issue,
        Func<string, Refusal, TResult> refused, Func<TResult[], TResponse> whole)
        where TResult : class
        where TResponse : class
    {
        return RunAsync<TResponse>(context, async (caller, requestId) =>
        {
            if (items.Count is 0 or > MaxItems)
            {
                return new Refusal(RefusalCode.InvalidArgument, "batch_size", $"A batch has {items.Count} items; give 1 to {MaxItems}.");
            }

            var (agent, refusal) = await directory.JudgeAsync(caller, context.CancellationToken);
            return refusal is not null ? refusal : whole(await Task.WhenAll(items.Select((item, index) => OneAsync(item, index, caller, agent!, requestId))));
        });

        async Task<TResult> OneAsync(TItem item, int index, AuthenticatedCaller caller, AgentStanding agent, string requestId)
        {
            var started = metrics.Start();

            // The intake has taken the first one's quota.
            var refusal = index == 0 ? null : admission.CheckQuota(caller);
            if (refusal is null)
            {
                var asking = new AuthenticatedCaller
                {
                    Kind = CallerKind.Agent, Name = agent.AgentId, SpiffeId = agent.AgentId, CertificateSerial = caller.CertificateSerial,
                    EntryId = entryOf(item), Agent = agent, AttestedAt = agent.AttestedAt,
                };
                var given = await issue(item, asking, requestId);
                if (given.Message is { } result)
                {
                    metrics.Issued(Api, started);
                    return result;
                }

                refusal = given.Refusal!;
            }

            metrics.Refused(Api, refusal.Reason, started);
            refusals.Tell(Api, context.HttpContext, agent.AgentId, refusal);
            return refused(entryOf(item), refusal);
        }
    }

    internal static int RetryAfterMs(Refusal refusal) => (int)(refusal.RetryAfter ?? TimeSpan.Zero).TotalMilliseconds;

    private async Task<Answer<Wire.AttestResponse>> OwnAsync(
        AuthenticatedCaller caller, string attestation, ReadOnlyMemory<byte> csr, string requestId, RpcServerContext context)
    {
        var (answer, refusal) = await svids.IssueAsync(caller, attestation, csr, requestId, context.CancellationToken);
        return refusal is null ? answer! : refusal;
    }

    /// <summary>Admits, authenticates, answers; refusals are told, counted and thrown as statuses.</summary>
    internal async ValueTask<T> RunAsync<T>(RpcServerContext context, Func<AuthenticatedCaller, string, Task<Answer<T>>> answer)
        where T : class
    {
        var http = context.HttpContext;
        var started = metrics.Start();
        AuthenticatedCaller? caller = null;
        Refusal? refusal;
        try
        {
            using var call = await intake.AdmitAsync(http, context.CancellationToken);
            caller = call.Caller;
            refusal = call.Refusal;
            if (call.Succeeded)
            {
                var given = await answer(call.Caller, RequestId.Of(http));
                if (given.Message is { } message)
                {
                    return message;
                }

                refusal = given.Refusal;
            }
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            metrics.Refused(Api, "cancelled", started);
            throw;
        }
        catch (Exception e)
        {
            refusal = RefusalMap.Of(e) ?? RefusalMap.Unforeseen;
            if (refusal.Code == RefusalCode.Internal)
            {
                ServingLog.RequestFailed(logger, e, RequestId.Of(http), http.Request.Method, context.Method);
            }
        }

        metrics.Refused(Api, refusal!.Reason, started);
        refusals.Tell(Api, http, caller?.Name ?? http.Connection.RemoteIpAddress?.ToString() ?? "unknown", refusal);
        throw AgentRefusal.Of(refusal, RequestId.Of(http));
    }

    /// <summary>A message or why not; exactly one of the two is null.</summary>
    internal readonly record struct Answer<T>(T? Message, Refusal? Refusal)
        where T : class
    {
        public static implicit operator Answer<T>(T message) => new(message, null);

        public static implicit operator Answer<T>(Refusal refusal) => new(null, refusal);
    }
}
