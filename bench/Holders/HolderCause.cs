namespace MeshGrains.Bench;

/// <summary>Why a holder asked for a certificate.</summary>
internal enum HolderCause
{
    /// <summary>It had none.</summary>
    First,

    /// <summary>Half of its life was over.</summary>
    Renewal,

    /// <summary>An order to replace it, before that half.</summary>
    Reissue,
}
