using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>How many are missing, and the first <see cref="MaxNames"/> of them by name.</summary>
[GenerateSerializer, Immutable, Alias("mg.Shortfall")]
public sealed record Shortfall([property: Id(0)] long Count, [property: Id(1)] ImmutableArray<string> Names)
{
    public const int MaxNames = 20;

    public static Shortfall None { get; } = new(0, []);

    public static Shortfall Of(IEnumerable<string> names)
    {
        var kept = ImmutableArray.CreateBuilder<string>();
        long count = 0;
        foreach (var name in names)
        {
            count++;
            if (kept.Count < MaxNames)
            {
                kept.Add(name);
            }
        }

        return count == 0 ? None : new Shortfall(count, kept.ToImmutable());
    }
}
