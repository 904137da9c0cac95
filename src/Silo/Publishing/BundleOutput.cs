using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>How far one output has come. Changed by its own loop alone; read by all.</summary>
internal sealed class BundleOutput(IBundleTarget target, string silo, DateTimeOffset start)
{
    private volatile BundlePublication _shown = new(silo, target.Name, 0, start, (long)target.DeclaredLag.TotalSeconds, null);
    private long _failures;

    public IBundleTarget Target => target;

    public BundlePublication Shown => _shown;

    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>True when that is news.</summary>
    /// <param name="found">The number that lies at the target.</param>
    /// <param name="own">The number that this silo delivers.</param>
    /// <param name="now">When that was seen.</param>
    public bool Succeeded(long found, long own, DateTimeOffset now)
    {
        var before = _shown;

        // A number above our own is another silo's for a moment, or nobody's: it counts as no more than what we know of.
        var number = Math.Min(found, own);
        _shown = before with
        {
            Number = number,
            Since = number == before.Number ? before.Since : now,
            LastFailure = found > own ? $"It holds bundle {found}, and this silo knows of none above {own}." : null,
        };
        return _shown != before;
    }

    /// <inheritdoc cref="Succeeded"/>
    public bool Failed(string why)
    {
        var before = _shown;
        Interlocked.Increment(ref _failures);
        _shown = before with { LastFailure = why };
        return _shown != before;
    }
}
