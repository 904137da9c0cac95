namespace MeshGrains.Gateway;

/// <summary>This cluster's certificate for links between the clusters of a trust domain. Implementations reload changed files and answer from memory.</summary>
public interface IClusterCredentials
{
    /// <summary>The same object until the files change.</summary>
    RelayIdentity Current { get; }
}
