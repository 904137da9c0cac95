namespace MeshGrains.Silo;

/// <summary>The silo's own keys; the agent, which reads its configuration by the same code, has others.</summary>
internal sealed partial class ConfigurationSchema
{
    public static ConfigurationSchema Instance { get; } = Of<MeshConfiguration>();
}
