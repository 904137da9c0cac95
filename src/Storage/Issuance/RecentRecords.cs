namespace MeshGrains.Storage;

/// <summary>
/// What the log holds beyond its index file: the entries being gathered, and before them those on their way into the file.
/// </summary>
internal sealed class RecentRecords
{
    private readonly Lock _gate = new();
    private RecentEntries? _sealed;
    private RecentEntries _open;

    public RecentRecords(long firstPosition) => _open = new RecentEntries(firstPosition);

    public RecentEntries Open
    {
        get
        {
            lock (_gate)
            {
                return _open;
            }
        }
    }

    /// <summary>Those on their way, or null.</summary>
    public RecentEntries? Sealed
    {
        get
        {
            lock (_gate)
            {
                return _sealed;
            }
        }
    }

    /// <summary>Both parts, newest first.</summary>
    public (RecentEntries Open, RecentEntries? Sealed) Parts
    {
        get
        {
            lock (_gate)
            {
                return (_open, _sealed);
            }
        }
    }

    /// <summary>Starts a new open part; false while the part before is still on its way. Called by the log's thread, between batches.</summary>
    public bool TrySeal()
    {
        lock (_gate)
        {
            if (_sealed is not null || _open.Count == 0)
            {
                return false;
            }

            _sealed = _open;
            _open = new RecentEntries(_sealed.FirstPosition + _sealed.Count);
            return true;
        }
    }

    /// <summary>The index file has the sealed part now.</summary>
    public void DropSealed()
    {
        lock (_gate)
        {
            _sealed = null;
        }
    }
}
