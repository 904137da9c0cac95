namespace Orleans.Concurrency;

/// <summary>A grain without identity of its own: up to <c>maxLocalWorkers</c> activations serve one key, by default one per processor.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class StatelessWorkerAttribute : Attribute
{
    public StatelessWorkerAttribute()
        : this(Environment.ProcessorCount)
    {
    }

    public StatelessWorkerAttribute(int maxLocalWorkers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLocalWorkers, 1);
        MaxWorkers = maxLocalWorkers;
    }

    internal int MaxWorkers { get; }
}
