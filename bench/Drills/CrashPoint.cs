namespace MeshGrains.Bench;

/// <summary>Where a process of the product is killed: at a random moment, or at the n-th passing of a named point of issuance.</summary>
/// <param name="Name">Null for a random moment.</param>
/// <param name="Occurrence">Which passing, from 1.</param>
/// <param name="After">The random moment, counted from the first certificate of this life; for a named point the patience with it.</param>
internal sealed record CrashPoint(string? Name, int Occurrence, TimeSpan After)
{
    /// <summary>Signed and not recorded; batch taken; written and not committed; durable and nobody told; recorded and not replied.</summary>
    public static IReadOnlyList<string> Names { get; } = ["issuance.signed", "log.batch.begun", "log.batch.written", "log.batch.synced", "issuance.recorded"];

    /// <summary>Every second kill is at a named point, each point in turn.</summary>
    public static CrashPoint Of(int kill, Random random)
    {
        var moment = TimeSpan.FromMilliseconds(random.Next(50, 900));
        if (kill % 2 == 0)
        {
            return new CrashPoint(null, 0, moment);
        }

        var name = Names[kill / 2 % Names.Count];
        return new CrashPoint(name, name.StartsWith("log.", StringComparison.Ordinal) ? random.Next(3, 60) : random.Next(10, 400), TimeSpan.FromSeconds(20));
    }

    public override string ToString() => Name is null ? $"a random moment ({After.TotalMilliseconds:0} ms)" : $"{Name}, passing {Occurrence}";
}
