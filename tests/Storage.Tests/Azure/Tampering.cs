namespace MeshGrains.Storage.Tests;

/// <summary>What can be done to a record's blob by who has the account's key and not the record key.</summary>
public enum Tampering
{
    Edited,
    Renumbered,
    Untagged,
    Retagged,
    Ended,
    Truncated,
    CutContent,
    Emptied,
    Garbage,
}
