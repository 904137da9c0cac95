namespace MeshGrains.Grains;

/// <summary>What a cluster's JWT authorities need next.</summary>
internal enum JwtAuthorityStep
{
    Prepare,
    Publish,

    /// <summary>Who holds the bundle with the key is to be found out; nothing else is in its way.</summary>
    Ask,
    Activate,
    Retire,

    /// <summary>A tainted key is to leave the bundle.</summary>
    Revoke,

    /// <summary>A tainted key has left the bundle, and every token of it would have ended.</summary>
    Forget,
    None,
}
