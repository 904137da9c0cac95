using MeshGrains.Gateway.Metrics;
using MeshGrains.Grains;
using Microsoft.Extensions.Logging;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary>An agent's own SVID, however it came to deserve it: issued, then put on the roster, then given out.</summary>
internal sealed class AgentSvids(IIssuanceService issuance, RosterIssues roster, GatewayMetrics metrics, ILogger<AgentSvids> logger)
{
    public const string Api = "agent";

    /// <summary>Exactly one of the two is null.</summary>
    /// <param name="caller">The agent, with the moment of its attestation.</param>
    /// <param name="attestation">By what it attested just now; empty when it renews.</param>
    /// <param name="csr">PKCS #10, DER.</param>
    /// <param name="requestId">For the log and the answer.</param>
    /// <param name="cancellationToken">The call's.</param>
    public async Task<(Wire.AttestResponse? Answer, Refusal? Refusal)> IssueAsync(
        AuthenticatedCaller caller, string attestation, ReadOnlyMemory<byte> csr, string requestId, CancellationToken cancellationToken)
    {
        var started = metrics.Start();
        var result = await issuance.IssueAsync(new SvidRequest(caller, csr, null, requestId), cancellationToken);
        if (!result.Succeeded)
        {
            return (null, result.Refusal);
        }

        if (issuance.Current is not { } issuer)
        {
            return (null, new Refusal(
                RefusalCode.Unavailable, "not_ready", "This silo has no issuing CA any more; try again shortly.", RetryAfter: TimeSpan.FromSeconds(1)));
        }

        var svid = result.Svid;
        var issue = new AgentIssue(svid.SpiffeId, attestation, svid.Serial, svid.NotAfter, caller.AttestedAt, Renewed: attestation.Length == 0);
        if (await roster.RecordAsync(issue, cancellationToken) is { } unrecorded)
        {
            return (null, unrecorded);
        }

        metrics.Issued(Api, started);
        if (attestation.Length > 0)
        {
            AgentLog.Attested(logger, svid.SpiffeId, attestation, svid.Serial, svid.NotAfter);
        }

        return (new Wire.AttestResponse { Svid = AgentMessages.Svid(svid), Bundle = AgentMessages.Bundle(issuer) }, null);
    }
}
