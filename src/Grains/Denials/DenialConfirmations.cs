namespace MeshGrains.Grains;

/// <summary>
/// Which silo holds which number, and since when a number holds everywhere. A silo that does not confirm in time answers UNAVAILABLE by itself
/// (its lease ends), so a number is effective once every silo has confirmed it or outlived its lease. Silos that confirmed before this
/// bookkeeping began are unknown to it: nothing is called effective until their leases must have ended.
/// </summary>
internal sealed class DenialConfirmations(TimeSpan lease, DateTimeOffset startedAt)
{
    private const int RememberedNumbers = 1024;

    private readonly Dictionary<string, (long Number, DateTimeOffset LeaseEnd)> _silos = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, DateTimeOffset> _effective = [];

    /// <returns>Silos forgotten meanwhile: their lease ended a lease ago.</returns>
    public IReadOnlyList<string> Confirm(string silo, long number, DateTimeOffset now)
    {
        _silos[silo] = (number, now + lease);
        var gone = _silos.Where(pair => pair.Value.LeaseEnd + lease < now).Select(pair => pair.Key).ToList();
        foreach (var name in gone)
        {
            _silos.Remove(name);
        }

        return gone;
    }

    /// <summary>The moment from which <paramref name="number"/> holds everywhere, as first noticed; null while it does not.</summary>
    public DateTimeOffset? EffectiveAt(long number, DateTimeOffset now)
    {
        if (_effective.TryGetValue(number, out var since))
        {
            return since;
        }

        var strangersMayLive = now < startedAt + lease;
        if (strangersMayLive || _silos.Values.Any(silo => silo.Number < number && silo.LeaseEnd > now))
        {
            return null;
        }

        _effective[number] = now;
        while (_effective.Count > RememberedNumbers)
        {
            _effective.Remove(_effective.Keys.First());
        }

        return now;
    }
}
