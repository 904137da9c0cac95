namespace MeshGrains.Agent;

/// <summary>One of <c>aliases</c>: another trust domain that this node is in, with a control plane of its own, as while a fleet moves from one to the other.</summary>
internal sealed class AliasOptions
{
    /// <summary>An agent is in so many beside its first.</summary>
    public const int Most = 4;

    public string TrustDomain { get; set; } = "";

    public ControlPlaneOptions ControlPlane { get; set; } = new();

    public NodeOptions Node { get; set; } = new();

    /// <summary>Holds its sealed files, with <c>keyStore.mode: disk</c>; empty: <c>alias-NAME</c> in <c>keyStore.directory</c>.</summary>
    public string Directory { get; set; } = "";
}
