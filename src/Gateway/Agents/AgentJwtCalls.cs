using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary><c>meshgrains.agent.v1.NodeAgent/IssueJwt</c>: JWT-SVIDs of an agent's workloads, under the same rules as their certificates.</summary>
internal sealed class AgentJwtCalls(AgentCalls calls, IJwtIssuanceService issuance)
{
    /// <summary>A full batch with the longest audiences is 1 MiB.</summary>
    public const int MaxMessageBytes = (AgentCalls.MaxItems * 8 * 1024) + (64 * 1024);

    public ValueTask<Wire.IssueJwtResponse> IssueAsync(Wire.IssueJwtRequest request, RpcServerContext context) => calls.BatchAsync(
        context, request.Items, item => item.EntryId,
        async (item, asking, requestId) =>
        {
            var (svid, refusal) = await issuance.IssueAsync(new JwtRequest(asking, item.Audience, requestId), context.CancellationToken);
            return svid is null
                ? refusal!
                : new Wire.IssueJwtResponse.Types.Result
                {
                    EntryId = item.EntryId,
                    Svid = new Wire.JwtSvid
                    {
                        SpiffeId = svid.SpiffeId, Token = svid.Token, IssuedAt = svid.IssuedAt.ToUnixTimeSeconds(), ExpiresAt = svid.ExpiresAt.ToUnixTimeSeconds(),
                    },
                };
        },
        (entryId, refusal) => new Wire.IssueJwtResponse.Types.Result
        {
            EntryId = entryId, Code = (int)RefusalMap.RpcStatus(refusal.Code), Reason = refusal.Reason, Message = refusal.Message,
            RetryAfterMs = AgentCalls.RetryAfterMs(refusal),
        },
        results => new Wire.IssueJwtResponse { Results = { results } });
}
