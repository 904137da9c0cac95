namespace MeshGrains.Keys;

/// <summary>What a managed key may be used for; one key never serves both.</summary>
public enum KeyPurpose
{
    Sign,
    Wrap,
}
