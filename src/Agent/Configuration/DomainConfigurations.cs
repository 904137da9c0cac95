namespace MeshGrains.Agent;

/// <summary>The configuration as the part of the agent reads it that is for one trust domain: what is the trust domain's is its own, what is the node's is shared.</summary>
internal static class DomainConfigurations
{
    /// <summary>That of the first trust domain, then those of the aliases in their order.</summary>
    public static IReadOnlyList<AgentConfiguration> Of(AgentConfiguration options) => [options, .. options.Aliases.Select(alias => new AgentConfiguration
    {
        TrustDomain = alias.TrustDomain,
        ControlPlane = alias.ControlPlane,
        Node = alias.Node,
        KeyStore = new KeyStoreOptions
        {
            Mode = options.KeyStore.Mode,

            // A prefix, since a trust domain's name alone could be that of another folder.
            Directory = alias.Directory.Length > 0 ? alias.Directory : Path.Combine(options.KeyStore.Directory, $"alias-{alias.TrustDomain}"),

            // One seal key serves them all: each sealed file is bound to its trust domain.
            SealKeyFile = options.KeyStore.SealKeyFile,
        },
        Renewal = options.Renewal,
        Workloads = options.Workloads,
    })];
}
