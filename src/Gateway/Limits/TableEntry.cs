namespace MeshGrains.Gateway;

/// <summary>An entry of a <see cref="BoundedTable{TKey,TEntry}"/>, linked by how lately it was used.</summary>
internal abstract class TableEntry<TKey, TEntry>
    where TEntry : TableEntry<TKey, TEntry>
{
    public TKey Key { get; set; } = default!;

    public TEntry? Newer { get; set; }

    public TEntry? Older { get; set; }

    /// <summary>An entry in use is not forgotten: what it counts would be lost.</summary>
    public virtual bool InUse => false;
}
