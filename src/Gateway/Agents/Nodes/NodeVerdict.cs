using System.Diagnostics.CodeAnalysis;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Agents;

/// <summary>A node, or why it is none; exactly one of the two is null.</summary>
internal readonly record struct NodeVerdict(AttestedNode? Node, Refusal? Refusal)
{
    [MemberNotNullWhen(true, nameof(Node))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool IsAdmitted => Node is not null;

    public static implicit operator NodeVerdict(AttestedNode node) => new(node, null);

    public static implicit operator NodeVerdict(Refusal refusal) => new(null, refusal);
}
