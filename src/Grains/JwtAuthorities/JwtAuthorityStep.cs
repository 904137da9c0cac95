namespace MeshGrains.Grains;

/// <summary>What a cluster's JWT authorities need next.</summary>
internal enum JwtAuthorityStep
{
    Prepare,
    Publish,
    Activate,
    Retire,
    None,
}
