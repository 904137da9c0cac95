using System.Collections.Immutable;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// What an attestor found out. <paramref name="Name"/> is what follows <c>/meshgrains/agent/</c> in the agent's ID. With <paramref name="Once"/> a node
/// attests but once, until an operator evicts it.
/// </summary>
internal sealed record AttestedNode(string Name, ImmutableArray<Selector> Selectors, bool Once = false);
