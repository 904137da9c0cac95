namespace MeshGrains.Gateway;

/// <summary>
/// A token bucket that remembers what was spent, so that its default value is a full one. Not safe for several threads: its owner locks.
/// Times are <see cref="TimeProvider"/> timestamps in seconds.
/// </summary>
internal struct TokenBucket
{
    private double _spent;
    private double _at;

    /// <summary>Takes <paramref name="count"/> when they are there.</summary>
    public bool TryTake(double now, Rate rate, double count = 1)
    {
        Refill(now, rate);
        if (_spent + count > rate.Burst)
        {
            return false;
        }

        _spent += count;
        return true;
    }

    /// <summary>Puts back what was taken and turned out not to count.</summary>
    public void GiveBack(double count = 1) => _spent = Math.Max(0, _spent - count);

    /// <summary>Takes without asking; the bucket may end up in debt, by one burst at most.</summary>
    public void Charge(double now, Rate rate, double count = 1)
    {
        Refill(now, rate);
        _spent = Math.Min(_spent + count, 2 * rate.Burst);
    }

    /// <summary>Whether <paramref name="count"/> are there.</summary>
    public bool Has(double now, Rate rate, double count = 1)
    {
        Refill(now, rate);
        return _spent + count <= rate.Burst;
    }

    /// <summary>How long until <paramref name="count"/> will be there; meaningful right after a refusal.</summary>
    public readonly TimeSpan Wait(Rate rate, double count = 1)
        => TimeSpan.FromSeconds(Math.Clamp((_spent + count - rate.Burst) / rate.PerSecond, 0, 3600));

    private void Refill(double now, Rate rate)
    {
        if (now > _at)
        {
            _spent = Math.Max(0, _spent - ((now - _at) * rate.PerSecond));
            _at = now;
        }
    }
}
