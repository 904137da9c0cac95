namespace MeshGrains.Gateway.Metrics;

/// <summary>One instrument under one set of labels. Written from any thread without a lock.</summary>
internal sealed class Series(string labels, double[] bounds)
{
    private readonly long[] _buckets = new long[bounds.Length + 1];
    private double _value;

    /// <summary>Already in text form, without braces: <c>result="ok",api="istio"</c>; empty without labels.</summary>
    public string Labels { get; } = labels;

    /// <summary>The sum of a counter or histogram, the last value of a gauge.</summary>
    public double Value => Volatile.Read(ref _value);

    public void Add(double amount)
    {
        var seen = Volatile.Read(ref _value);
        while (true)
        {
            var found = Interlocked.CompareExchange(ref _value, seen + amount, seen);
            if (found.Equals(seen))
            {
                return;
            }

            seen = found;
        }
    }

    public void Set(double value) => Volatile.Write(ref _value, value);

    public void Observe(double value)
    {
        var bucket = 0;
        while (bucket < bounds.Length && value > bounds[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _buckets[bucket]);
        Add(value);
    }

    /// <summary>Observations per bucket, not cumulated; the last is what lies above every bound.</summary>
    public long[] Buckets()
    {
        var copy = new long[_buckets.Length];
        for (var i = 0; i < copy.Length; i++)
        {
            copy[i] = Volatile.Read(ref _buckets[i]);
        }

        return copy;
    }
}
