using MeshGrains.Agent.Svids;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Agent.Domains;

/// <summary>The memberships, and what runs for each.</summary>
internal static class MembershipServices
{
    /// <summary>Before the services that serve: they find what was kept.</summary>
    public static void AddMemberships(this IServiceCollection services, IReadOnlyList<(AgentConfiguration Options, AgentState State)> states)
    {
        services.AddSingleton(provider => new Memberships(states, provider));
        services.AddSingleton(provider => provider.GetRequiredService<Memberships>().State);
        services.AddSingleton(provider => provider.GetRequiredService<Memberships>().Tokens);

        // What was kept is put back in all trust domains before any of them is asked for anything.
        if (states[0].Options.KeyStore.Mode == KeyStoreOptions.Disk)
        {
            Add(membership => membership.Keeper!);
        }

        Add(membership => membership.Loop);
        Add(membership => membership.Renewer);

        // Each by itself, so that the host hears of one that fails.
        void Add(Func<Membership, IHostedService> service)
        {
            for (var i = 0; i < states.Count; i++)
            {
                var number = i;
                services.AddSingleton(provider => service(provider.GetRequiredService<Memberships>().All[number]));
            }
        }
    }
}
