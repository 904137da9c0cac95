namespace MeshGrains.Grains;

/// <summary>What happened to a rotation. The names are stored.</summary>
public enum RotationEventKind
{
    Started = 1,
    Moved = 2,
    Paused = 3,
    Resumed = 4,
    RolledBack = 5,

    /// <summary>An operator passed gates by, with a reason.</summary>
    Forced = 6,

    /// <summary>A compromised root's deadline passed gates by.</summary>
    DeadlinePassed = 7,
}
