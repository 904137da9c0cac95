namespace MeshGrains.Gateway.Relay;

/// <summary>
/// Keeps retries a part of all calls: each call brings <c>share</c> of a retry, each retry takes a whole one. A few a second come by themselves, so
/// that quiet hours have some; what is saved up is bounded.
/// </summary>
internal sealed class RetryBudget(double share, TimeProvider time)
{
    private const double Most = 1000;
    private const double PerSecond = 2;
    private const double AtStart = 10;

    private readonly Lock _gate = new();
    private double _saved = AtStart;
    private long _at = time.GetTimestamp();

    public void Called()
    {
        lock (_gate)
        {
            _saved = Math.Min(Most, _saved + share);
        }
    }

    public bool TryTake()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (share > 0)
            {
                _saved = Math.Min(Most, _saved + (PerSecond * time.GetElapsedTime(_at, now).TotalSeconds));
            }

            _at = now;
            if (share <= 0 || _saved < 1)
            {
                return false;
            }

            _saved--;
            return true;
        }
    }
}
