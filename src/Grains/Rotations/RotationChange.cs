namespace MeshGrains.Grains;

/// <summary>What an operator may do to a rotation that is under way.</summary>
public enum RotationChange
{
    Pause = 1,
    Resume = 2,
    RollBack = 3,

    /// <summary>Pass the gates of the present phase by.</summary>
    Force = 4,
}
