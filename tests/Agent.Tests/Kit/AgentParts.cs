using MeshGrains.Agent.ControlPlane;
using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>What is inside an agent, by its trust domain: 0 is the first one.</summary>
internal static class AgentParts
{
    public static AgentState StateOf(this AgentApplication agent, int domain = 0) => MembershipOf(agent, domain).Served.State;

    public static ControlPlaneLink LinkOf(this AgentApplication agent, int domain = 0) => MembershipOf(agent, domain).Link;

    private static Membership MembershipOf(AgentApplication agent, int domain) => agent.Services.GetRequiredService<Memberships>().All[domain];
}
