namespace MeshGrains.Bench;

/// <summary>The serial numbers that an issuance log holds.</summary>
internal sealed class LogContent
{
    private readonly HashSet<UInt128> _serials = [];

    public int Records { get; private set; }

    /// <summary>Records whose serial another record has too.</summary>
    public int Duplicates => Records - _serials.Count;

    public void Add(UInt128 serial)
    {
        Records++;
        _serials.Add(serial);
    }

    public bool Contains(UInt128 serial) => _serials.Contains(serial);

    /// <summary>How many of these serials the log does not know.</summary>
    public int CountMissing(IEnumerable<UInt128> serials) => serials.Count(serial => !_serials.Contains(serial));
}
