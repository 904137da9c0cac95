namespace MeshGrains.Gateway.Serving;

/// <summary>The gateway's listeners. An endpoint names the ones that it answers on; on any other it does not exist.</summary>
[Flags]
internal enum ListenerKinds
{
    None = 0,

    /// <summary>TLS, for workloads, agents and remote operators.</summary>
    Mesh = 1,

    /// <summary>Plain, for probes and metrics.</summary>
    Operations = 2,

    /// <summary>The local operator's Unix socket.</summary>
    Admin = 4,

    /// <summary>Mutual TLS with bootstrap certificates, for relays: what they ask for themselves. The calls that they hand on count as <see cref="Mesh"/>.</summary>
    Relay = 8,

    /// <summary>TLS without clients' certificates, for foreign trust domains: our bundle and nothing else.</summary>
    Federation = 16,

    /// <summary>Mutual TLS with certificates of role <c>cluster</c>, for the member clusters of this home.</summary>
    Authority = 32,

    /// <summary>Plain, for an ACME CA: the answer to its challenge and nothing else.</summary>
    AcmeChallenge = 64,
}
