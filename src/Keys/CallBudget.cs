namespace MeshGrains.Keys;

/// <summary>
/// A token bucket over the calls a process makes to its KMS. KMS calls grow with CA rotations, never with workloads; a bug that breaks this
/// is stopped here before it throttles the vault for everybody else.
/// </summary>
public sealed class CallBudget
{
    public const int DefaultBurst = 120;
    public const double DefaultPerSecond = 4;

    private readonly Lock _gate = new();
    private readonly int _burst;
    private readonly double _perSecond;
    private readonly TimeProvider _time;
    private double _tokens;
    private long _filledAt;

    public CallBudget(int burst, double perSecond, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        if (!(perSecond > 0) || double.IsInfinity(perSecond))
        {
            throw new ArgumentOutOfRangeException(nameof(perSecond), "Calls a second have to be above zero.");
        }

        _burst = burst;
        _perSecond = perSecond;
        _time = time;
        _tokens = burst;
        _filledAt = time.GetTimestamp();
    }

    /// <summary>Takes one call, or says after what time there is one again.</summary>
    internal bool TryTake(out TimeSpan retryAfter)
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            _tokens = Math.Min(_burst, _tokens + (_time.GetElapsedTime(_filledAt, now).TotalSeconds * _perSecond));
            _filledAt = now;
            if (_tokens >= 1)
            {
                _tokens--;
                retryAfter = TimeSpan.Zero;
                return true;
            }

            retryAfter = TimeSpan.FromSeconds((1 - _tokens) / _perSecond);
            return false;
        }
    }

    /// <summary>Gives back a call that was taken and never sent.</summary>
    internal void Return()
    {
        lock (_gate)
        {
            _tokens = Math.Min(_burst, _tokens + 1);
        }
    }
}
