using MeshGrains.Agent;

namespace MeshGrains.Silo;

/// <summary>The agent's keys, read by the code that reads the silo's.</summary>
internal sealed partial class ConfigurationSchema
{
    public static ConfigurationSchema Instance { get; } = Of<AgentConfiguration>();
}
