namespace MeshGrains.Agent;

/// <summary>Section <c>node</c>: how this node proves itself.</summary>
internal sealed class NodeOptions
{
    /// <summary>File that holds the join token; read at each attempt, so that a fresh one can be put there.</summary>
    public string JoinTokenFile { get; set; } = "";
}
