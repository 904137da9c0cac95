namespace MeshGrains.Grains;

/// <summary>The denial set of each trust domain: small, numbered, authenticated as a whole.</summary>
public interface IDenialStore
{
    /// <summary>The stored set; <see cref="DenialSet.Empty"/> itself when none was ever written.</summary>
    /// <exception cref="RecordTamperedException">The set's tag is wrong, or its number lies below one already seen.</exception>
    ValueTask<DenialSet> ReadAsync(string trustDomain, CancellationToken cancellationToken);

    /// <summary>Replaces the set. <paramref name="next"/>'s number must be one above the stored one; number 0 begins a set where there is none.</summary>
    /// <exception cref="RecordConflictException">The stored number is another one.</exception>
    ValueTask WriteAsync(string trustDomain, DenialSet next, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the stored set <paramref name="from"/> by one of any higher number: only for a declared restore. A store that can do so in one write
    /// does; this goes number by number, and again from where a failure left it.
    /// </summary>
    /// <exception cref="RecordConflictException">The stored number is not that of <paramref name="from"/>.</exception>
    async ValueTask AdvanceAsync(string trustDomain, DenialSet from, DenialSet next, CancellationToken cancellationToken)
    {
        for (var number = from.Number + 1; number <= next.Number; number++)
        {
            await WriteAsync(trustDomain, next with { Number = number }, cancellationToken);
        }
    }
}
