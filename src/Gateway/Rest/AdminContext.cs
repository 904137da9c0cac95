using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Rest;

/// <summary>What every administrative endpoint needs: the operator, the grains of this trust domain, the audit.</summary>
internal sealed class AdminContext(OperatorAuthorizer operators, Audit audit, IGrainFactory grains, MeshScope scope, TimeProvider time, IRandomSource random)
{
    public MeshScope Scope => scope;

    public Audit Audit => audit;

    public TimeProvider Time => time;

    public IRandomSource Random => random;

    public string TrustDomainName => scope.TrustDomain.Name;

    public ITrustDomainGrain TrustDomain => grains.GetGrain<ITrustDomainGrain>(TrustDomainName);

    public IClusterCaGrain ClusterCa => grains.GetGrain<IClusterCaGrain>(scope.ClusterCaKey);

    public IDenialGrain Denials => grains.GetGrain<IDenialGrain>(TrustDomainName);

    public IJwtAuthorityGrain JwtAuthority => grains.GetGrain<IJwtAuthorityGrain>(scope.ClusterCaKey);

    public IRotationGrain Rotation => grains.GetGrain<IRotationGrain>(TrustDomainName);

    public IFederationSetGrain FederationSet => grains.GetGrain<IFederationSetGrain>(TrustDomainName);

    public IFederationGrain Federation(string foreign) => grains.GetGrain<IFederationGrain>(FederationKeys.Of(TrustDomainName, foreign));

    public IWorkloadIdentityGrain Identity(string spiffeId) => grains.GetGrain<IWorkloadIdentityGrain>(spiffeId);

    public IAgentRosterGrain AgentRoster(int shard) => grains.GetGrain<IAgentRosterGrain>(AgentRosterShards.Key(TrustDomainName, shard));

    /// <summary>The guard has let this operator in already.</summary>
    public Operator Actor(HttpContext http)
        => operators.Identify(http) ?? throw new InvalidOperationException("An endpoint of administration was reached without an operator.");

    /// <summary>An operation id: the request's own, so that records and logs meet.</summary>
    public static string OperationId(HttpContext http) => RequestId.Of(http);

    /// <exception cref="RefusedException">There is no reason, or it cannot be recorded.</exception>
    public static string Reason(string? reason)
    {
        if (Audit.CheckReason(reason) is { } refusal)
        {
            RestCall.Throw(refusal);
        }

        return reason!;
    }
}
