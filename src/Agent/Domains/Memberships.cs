using MeshGrains.Agent.Svids;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Agent.Domains;

/// <summary>This agent in all its trust domains, the first one first.</summary>
internal sealed class Memberships : IDisposable
{
    private readonly List<Membership> _all = [];

    /// <param name="states">Each with the configuration of its trust domain.</param>
    /// <param name="services">What all share.</param>
    /// <exception cref="ConfigurationException">A key store cannot be used.</exception>
    public Memberships(IReadOnlyList<(AgentConfiguration Options, AgentState State)> states, IServiceProvider services)
    {
        for (var i = 0; i < states.Count; i++)
        {
            try
            {
                _all.Add(new Membership(states[i].Options, states[i].State, isAlone: states.Count == 1, services));
            }
            catch (ConfigurationException wrong)
            {
                Dispose();
                throw new ConfigurationException([.. wrong.Errors.Select(error => AliasCheck.Prefix(i) + error)]);
            }
        }

        State = new NodeState([.. _all.Select(membership => membership.Served)]);
        Tokens = new DomainTokens(
            _all.ToDictionary(membership => membership.TrustDomain.Name, membership => membership.Tokens, StringComparer.Ordinal), services.GetRequiredService<TimeProvider>());
    }

    public IReadOnlyList<Membership> All => _all;

    public Membership First => _all[0];

    public NodeState State { get; }

    public DomainTokens Tokens { get; }

    public void Dispose() => _all.ForEach(membership => membership.Dispose());
}
