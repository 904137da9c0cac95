namespace MeshGrains.Keys;

/// <summary>Bounds of calls to a remote KMS. Every wait is jittered.</summary>
public sealed record RemoteCallOptions
{
    /// <summary>How long one attempt may take, the token included.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Further attempts after the first.</summary>
    public int MaxRetries { get; init; } = 4;

    /// <summary>The first wait after a 429 that names no time; it doubles with each attempt (Key Vault's guidance: 1, 2, 4, 8, 16 s).</summary>
    public TimeSpan ThrottleBackoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The first wait after a 5xx, a timeout or a broken connection; it doubles with each attempt.</summary>
    public TimeSpan FaultBackoff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest wait; a Retry-After beyond it ends the call as throttled at once.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Failed attempts within <see cref="BreakerWindow"/> that open the breaker once they are half of all attempts.</summary>
    public int BreakerThreshold { get; init; } = 5;

    public TimeSpan BreakerWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the breaker stays open before it lets one attempt through.</summary>
    public TimeSpan BreakerPause { get; init; } = TimeSpan.FromSeconds(5);

    internal void Validate()
    {
        Positive(AttemptTimeout, nameof(AttemptTimeout));
        Positive(ThrottleBackoff, nameof(ThrottleBackoff));
        Positive(FaultBackoff, nameof(FaultBackoff));
        Positive(MaxBackoff, nameof(MaxBackoff));
        if (MaxRetries is < 0 or > 10)
        {
            throw new KeyManagerException(KeyManagerError.Invalid, $"{nameof(MaxRetries)} is {MaxRetries}; give 0 to 10.");
        }

        if (BreakerThreshold is < 2 or > 1000)
        {
            throw new KeyManagerException(KeyManagerError.Invalid, $"{nameof(BreakerThreshold)} is {BreakerThreshold}; give 2 to 1000.");
        }

        if (BreakerWindow < TimeSpan.FromMilliseconds(500) || BreakerPause < TimeSpan.FromMilliseconds(500))
        {
            throw new KeyManagerException(
                KeyManagerError.Invalid, $"{nameof(BreakerWindow)} and {nameof(BreakerPause)} have to be at least half a second.");
        }
    }

    private static void Positive(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromMinutes(10))
        {
            throw new KeyManagerException(KeyManagerError.Invalid, $"{name} is {value}; give a time above zero and up to ten minutes.");
        }
    }
}
