namespace MeshGrains.Cli;

/// <summary>One page of the trust domain's agents; <paramref name="Next"/> is null on the last one.</summary>
internal sealed record AgentPage(IReadOnlyList<AgentView> Agents, string? Next);

/// <summary>One node agent. From <paramref name="Silo"/> on all is null while it is not connected.</summary>
internal sealed record AgentView(
    string Name, string SpiffeId, string State, string Attestation, string Serial, DateTimeOffset NotAfter, DateTimeOffset AttestedAt,
    long AcknowledgedBundle, string? Silo, string? Address, DateTimeOffset? ConnectedSince, string? Version, string? Trouble, int? Svids, int? SvidsMissing);
