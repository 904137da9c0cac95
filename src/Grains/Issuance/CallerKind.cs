namespace MeshGrains.Grains;

/// <summary>How a caller proved who it is.</summary>
public enum CallerKind
{
    KubernetesToken,
    JoinToken,
    X509Svid,
    LocalOperator,

    /// <summary>A node agent, for an entry of its own; <see cref="AuthenticatedCaller.Agent"/> is set.</summary>
    Agent,

    /// <summary>A node that proved what it is; its entry is <see cref="AuthenticatedCaller.EntryId"/>.</summary>
    Node,
}
