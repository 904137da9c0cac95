namespace MeshGrains.Agent;

/// <summary>Section <c>node.aws</c>.</summary>
internal sealed class AwsNodeOptions
{
    /// <summary>The instance metadata service; asked by its version 2.</summary>
    public string Metadata { get; set; } = "http://169.254.169.254";
}
