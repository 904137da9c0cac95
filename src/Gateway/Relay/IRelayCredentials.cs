namespace MeshGrains.Gateway;

/// <summary>The bootstrap identity of this process for relay links. Implementations reload changed files and answer from memory.</summary>
public interface IRelayCredentials
{
    /// <summary>The same object until the files change.</summary>
    RelayIdentity Current { get; }
}
