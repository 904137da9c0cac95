using System.Collections.Frozen;

namespace MeshGrains.Grains;

/// <summary>A denial set made for look-ups on the warm path, with the clock reading from which its lease runs.</summary>
public sealed class DenialSnapshot
{
    private readonly FrozenSet<(DenialKind Kind, string Subject)> _denied;

    public DenialSnapshot(DenialSet set, long? confirmedTimestamp)
        : this(set.Number, set.Denials.Select(denial => (denial.Kind, denial.Subject)).ToFrozenSet(), confirmedTimestamp)
    {
    }

    private DenialSnapshot(long number, FrozenSet<(DenialKind Kind, string Subject)> denied, long? confirmedTimestamp)
    {
        Number = number;
        _denied = denied;
        ConfirmedTimestamp = confirmedTimestamp;
    }

    public long Number { get; }

    /// <summary><see cref="TimeProvider.GetTimestamp"/> from before the confirming call was sent; null while nothing was confirmed.</summary>
    public long? ConfirmedTimestamp { get; }

    public bool Contains(DenialKind kind, string subject) => _denied.Count != 0 && _denied.Contains((kind, subject));

    /// <summary>Every subject of a kind, in no order.</summary>
    public IEnumerable<string> Subjects(DenialKind kind) => _denied.Where(denial => denial.Kind == kind).Select(denial => denial.Subject);

    internal DenialSnapshot ConfirmedAgain(long timestamp) => new(Number, _denied, timestamp);
}
