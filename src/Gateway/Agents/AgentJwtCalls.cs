using MeshGrains.Gateway.Metrics;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary><c>meshgrains.agent.v1.NodeAgent/IssueJwt</c>: JWT-SVIDs of an agent's workloads, under the same rules as their certificates.</summary>
internal sealed class AgentJwtCalls(
    AgentCalls calls, IAdmission admission, IAgentDirectory directory, IJwtIssuanceService issuance, GatewayMetrics metrics, RefusalLog refusals)
{
    /// <summary>A full batch with the longest audiences is 1 MiB.</summary>
    public const int MaxMessageBytes = (AgentCalls.MaxItems * 8 * 1024) + (64 * 1024);

    public ValueTask<Wire.IssueJwtResponse> IssueAsync(Wire.IssueJwtRequest request, RpcServerContext context) =>
        calls.RunAsync<Wire.IssueJwtResponse>(context, async (caller, requestId) =>
        {
            if (request.Items.Count is 0 or > AgentCalls.MaxItems)
            {
                return new Refusal(RefusalCode.InvalidArgument, "batch_size", $"A batch has {request.Items.Count} items; give 1 to {AgentCalls.MaxItems}.");
            }

            var (agent, refusal) = await directory.JudgeAsync(caller, context.CancellationToken);
            if (refusal is not null)
            {
                return refusal;
            }

            // All at once: their records share a commit of the log.
            var response = new Wire.IssueJwtResponse();
            response.Results.AddRange(await Task.WhenAll(request.Items.Select((item, index) => OneAsync(item, index, caller, agent!, requestId, context))));
            return response;
        });

    private async Task<Wire.IssueJwtResponse.Types.Result> OneAsync(
        Wire.IssueJwtRequest.Types.Item item, int index, AuthenticatedCaller caller, AgentStanding agent, string requestId, RpcServerContext context)
    {
        var started = metrics.Start();

        // The intake has taken the first one's quota.
        var refusal = index == 0 ? null : admission.CheckQuota(caller);
        if (refusal is null)
        {
            var asking = new AuthenticatedCaller
            {
                Kind = CallerKind.Agent, Name = agent.AgentId, SpiffeId = agent.AgentId, CertificateSerial = caller.CertificateSerial,
                EntryId = item.EntryId, Agent = agent, AttestedAt = agent.AttestedAt,
            };
            (var svid, refusal) = await issuance.IssueAsync(new JwtRequest(asking, item.Audience, requestId), context.CancellationToken);
            if (svid is not null)
            {
                metrics.Issued(AgentCalls.Api, started);
                return new Wire.IssueJwtResponse.Types.Result
                {
                    EntryId = item.EntryId,
                    Svid = new Wire.JwtSvid
                    {
                        SpiffeId = svid.SpiffeId, Token = svid.Token, IssuedAt = svid.IssuedAt.ToUnixTimeSeconds(), ExpiresAt = svid.ExpiresAt.ToUnixTimeSeconds(),
                    },
                };
            }
        }

        metrics.Refused(AgentCalls.Api, refusal!.Reason, started);
        refusals.Tell(AgentCalls.Api, context.HttpContext, agent.AgentId, refusal);
        return new Wire.IssueJwtResponse.Types.Result
        {
            EntryId = item.EntryId, Code = (int)RefusalMap.RpcStatus(refusal.Code), Reason = refusal.Reason, Message = refusal.Message,
            RetryAfterMs = (int)(refusal.RetryAfter ?? TimeSpan.Zero).TotalMilliseconds,
        };
    }
}
