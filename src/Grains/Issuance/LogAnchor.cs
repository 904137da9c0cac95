namespace MeshGrains.Grains;

/// <summary>
/// Numbers that only grow, kept beside the issuance log: a state store that shows a lower one was put back in time. The names are stored.
/// </summary>
public enum LogAnchor
{
    /// <summary>The number of the denial set.</summary>
    Denials = 1,

    /// <summary>The number of the trust bundle.</summary>
    Bundle = 2,
}
