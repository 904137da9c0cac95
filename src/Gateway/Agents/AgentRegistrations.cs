using MeshGrains.Gateway.Serving;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary>Puts the agents' API into the gateway.</summary>
internal static class AgentRegistrations
{
    /// <summary>Needs <see cref="Grains.IAgentDirectory"/> of the host.</summary>
    public static void AddAgents(this IServiceCollection services)
    {
        services.AddOptions<AgentsOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<AgentsOptions>, AgentsOptionsValidator>();
        services.AddSingleton<AgentCrls>();
        services.AddHostedService(provider => provider.GetRequiredService<AgentCrls>());
        services.AddSingleton<AgentRoster>();
        services.AddSingleton<AgentEntries>();
        services.AddSingleton<AgentStreamMetrics>();
        services.AddSingleton<RosterIssues>();
        services.AddHostedService<RosterReports>();
        services.AddOptions<NodeAttestationOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<NodeAttestationOptions>, NodeAttestationOptionsValidator>();
        services.AddSingleton<INodeAttestor, X509PopAttestor>();
        services.AddSingleton<INodeAttestor, AwsInstanceAttestor>();
        services.AddSingleton<KubernetesNodes>();
        services.AddSingleton<NodeAdmission>();
        services.AddSingleton<AgentSvids>();
        services.AddSingleton<NodeCalls>();
        services.AddSingleton<AgentCalls>();
        services.AddSingleton<AgentJwtCalls>();
        services.AddSingleton<AgentSync>();
    }

    public static void MapAgents(this WebApplication app)
    {
        var calls = app.Services.GetRequiredService<AgentCalls>();
        var sync = app.Services.GetRequiredService<AgentSync>();
        var agents = app.MapGroup("").WithMetadata(Access.Grpc);
        var csr = new RpcMethodOptions { MaxReceiveMessageBytes = AgentCalls.MaxCsrMessageBytes };
        agents.MapGrpcUnary<Wire.AttestRequest, Wire.AttestResponse>(AgentCalls.Service + "Attest", Wire.AttestRequest.Parser, calls.AttestAsync, csr);
        agents.MapGrpcUnary<Wire.RenewRequest, Wire.AttestResponse>(AgentCalls.Service + "Renew", Wire.RenewRequest.Parser, calls.RenewAsync, csr);
        agents.MapGrpcUnary<Wire.IssueRequest, Wire.IssueResponse>(AgentCalls.Service + "Issue", Wire.IssueRequest.Parser, calls.IssueAsync);
        agents.MapGrpcUnary<Wire.IssueJwtRequest, Wire.IssueJwtResponse>(
            AgentCalls.Service + "IssueJwt", Wire.IssueJwtRequest.Parser, app.Services.GetRequiredService<AgentJwtCalls>().IssueAsync,
            new RpcMethodOptions { MaxReceiveMessageBytes = AgentJwtCalls.MaxMessageBytes });
        agents.MapGrpcDuplex<Wire.AttestNodeRequest, Wire.AttestNodeResponse>(
            AgentCalls.Service + "AttestNode", Wire.AttestNodeRequest.Parser, app.Services.GetRequiredService<NodeCalls>().HandleAsync,
            new RpcMethodOptions { MaxReceiveMessageBytes = NodeCalls.MaxMessageBytes });
        agents.MapGrpcDuplex<Wire.AgentReport, Wire.AgentUpdate>(
            AgentCalls.Service + "Sync", Wire.AgentReport.Parser, sync.HandleAsync, new RpcMethodOptions { MaxReceiveMessageBytes = AgentSync.MaxReportBytes });
    }
}
