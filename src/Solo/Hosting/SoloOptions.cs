namespace Orleans.Solo;

/// <summary>How the single-process grain host behaves. The defaults are Orleans' own, but for the bound on waiting requests, which Orleans leaves open.</summary>
public sealed class SoloOptions
{
    /// <summary>How long a caller waits for an answer before it gets a <see cref="TimeoutException"/>.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation may go unused.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often unused activations are looked for.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many requests may wait for one activation; the next gets a <see cref="Runtime.LimitExceededException"/>.</summary>
    public int MaxEnqueuedRequests { get; set; } = 5000;

    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long stopping may wait for the calls in flight and for the deactivations, all together.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(20);

    public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);

    internal void Validate()
    {
        Positive(ResponseTimeout, nameof(ResponseTimeout));
        Positive(CollectionAge, nameof(CollectionAge));
        Positive(CollectionQuantum, nameof(CollectionQuantum));
        Positive(ActivationTimeout, nameof(ActivationTimeout));
        Positive(DeactivationTimeout, nameof(DeactivationTimeout));
        Positive(StopTimeout, nameof(StopTimeout));
        Positive(MinimumReminderPeriod, nameof(MinimumReminderPeriod));
        if (MaxEnqueuedRequests < 1)
        {
            throw new ArgumentException($"{nameof(SoloOptions)}.{nameof(MaxEnqueuedRequests)} is {MaxEnqueuedRequests}; give at least 1.");
        }
    }

    private static void Positive(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(49))
        {
            throw new ArgumentException($"{nameof(SoloOptions)}.{name} is {value}; give a time above zero and of at most 49 days.");
        }
    }
}
