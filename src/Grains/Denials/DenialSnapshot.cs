using System.Collections.Frozen;

namespace MeshGrains.Grains;

/// <summary>A denial set made for look-ups on the warm path, with the clock reading from which its lease runs.</summary>
public sealed class DenialSnapshot
{
    /// <summary>Beyond the time over which holders replace what a tainted authority signed: an agent counts from when it heard, and may have to ask twice.</summary>
    internal static readonly TimeSpan ReissueSlack = TimeSpan.FromMinutes(1);

    private readonly FrozenSet<(DenialKind Kind, string Subject)> _denied;
    private readonly FrozenDictionary<string, DateTimeOffset> _believedUntil;

    public DenialSnapshot(DenialSet set, long? confirmedTimestamp)
    {
        (Set, Number) = (set, set.Number);
        _denied = set.Denials.Select(denial => (denial.Kind, denial.Subject)).ToFrozenSet();

        // A member's own and its home's may name the same one: the shorter time counts.
        var slopes = set.Denials.Where(denial => denial is { Kind: DenialKind.TaintedAuthority })
            .GroupBy(denial => denial.Subject, StringComparer.Ordinal).Select(same => same.MinBy(denial => denial.ReissueOverSeconds ?? 0)!)
            .Where(denial => denial.ReissueOverSeconds > 0).ToList();
        Reissues = [.. slopes.Select(denial => new ReissueOrder(denial.Subject, denial.ReissueOverSeconds!.Value))];
        _believedUntil = slopes.ToFrozenDictionary(
            denial => denial.Subject, denial => denial.Since + TimeSpan.FromSeconds(denial.ReissueOverSeconds!.Value) + ReissueSlack, StringComparer.Ordinal);
        ConfirmedTimestamp = confirmedTimestamp;
    }

    private DenialSnapshot(DenialSnapshot same, long confirmedTimestamp) =>
        (Set, Number, _denied, Reissues, _believedUntil, ConfirmedTimestamp) = (same.Set, same.Number, same._denied, same.Reissues, same._believedUntil, confirmedTimestamp);

    /// <summary>What it was made of.</summary>
    public DenialSet Set { get; }

    public long Number { get; }

    /// <summary><see cref="TimeProvider.GetTimestamp"/> from before the confirming call was sent; null while nothing was confirmed.</summary>
    public long? ConfirmedTimestamp { get; }

    /// <summary>The tainted authorities whose leaves are replaced over a time rather than at once.</summary>
    public IReadOnlyList<ReissueOrder> Reissues { get; }

    public bool Contains(DenialKind kind, string subject) => _denied.Count != 0 && _denied.Contains((kind, subject));

    /// <summary>
    /// Whether who shows a certificate of this authority is refused for it. While holders replace theirs over a time they are heard still, by certificates
    /// that the issuance log knows from before: whoever refuses asks the log beside this.
    /// </summary>
    public bool RefusesHolders(string authorityId, DateTimeOffset now) =>
        Contains(DenialKind.TaintedAuthority, authorityId) && !(_believedUntil.TryGetValue(authorityId, out var until) && now < until);

    /// <summary>Every subject of a kind, in no order.</summary>
    public IEnumerable<string> Subjects(DenialKind kind) => _denied.Where(denial => denial.Kind == kind).Select(denial => denial.Subject);

    internal DenialSnapshot ConfirmedAgain(long timestamp) => new(this, timestamp);
}
