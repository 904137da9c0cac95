namespace MeshGrains.Grains;

/// <summary>What became of one entry of a batch.</summary>
public enum EntryOutcomeKind
{
    /// <summary>It is stored, by this batch.</summary>
    Created,

    /// <summary>An entry of the same identity, parent and selectors was there before and stays as it was.</summary>
    Exists,

    /// <summary>It is not stored and will not be as it stands.</summary>
    Refused,

    /// <summary>The store failed, and whether it is stored is not known: send it again, which does no harm.</summary>
    Failed,
}
