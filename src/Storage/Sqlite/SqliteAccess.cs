namespace MeshGrains.Storage;

/// <summary>How a connection is used.</summary>
[Flags]
internal enum SqliteAccess
{
    ReadWrite = 0,

    /// <summary>Writes are refused.</summary>
    ReadOnly = 1,

    /// <summary>What is in the file can be made again from elsewhere: commits need not be synced one by one.</summary>
    Derived = 2,
}
