using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Identity.Tests;

/// <summary>Damages valid inputs in the ways that find faults in readers: changed, dropped, doubled and inserted bytes, cut ends, grown lengths.</summary>
internal static class Mutations
{
    /// <summary>Checks that <paramref name="read"/> survives damaged copies of <paramref name="valid"/>, within memory linear in the input.</summary>
    public static void Survive(byte[] valid, Action<byte[]> read, int runs = 3000)
    {
        read(valid);
        var property = Prop.ForAll(Arb.From(Of(valid)), damaged =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            read(damaged);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            // Memory stands in for work: no clock is asked, and a reader that does more than a fixed number of passes allocates more.
            return allocated <= 64_000 + (64L * damaged.Length);
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(runs).WithQuietOnSuccess(true), property);
    }

    public static Gen<byte[]> Of(byte[] valid)
        => from count in Gen.Choose(1, 4)
           from steps in Gen.ArrayOf(Step, count)
           select steps.Aggregate(valid, (bytes, step) => Apply(bytes, step));

    private static readonly Gen<(int Kind, int At, int Value)> Step
        = from kind in Gen.Choose(0, 6)
          from at in Gen.Choose(0, int.MaxValue - 1)
          from value in Gen.Choose(0, 255)
          select (kind, at, value);

    private static byte[] Apply(byte[] bytes, (int Kind, int At, int Value) step)
    {
        if (bytes.Length == 0)
        {
            return [(byte)step.Value];
        }

        var at = step.At % bytes.Length;
        switch (step.Kind)
        {
            case 0:
                return [.. bytes[..at], (byte)step.Value, .. bytes[(at + 1)..]];
            case 1:
                return [.. bytes[..at], .. bytes[(at + 1)..]];
            case 2:
                return [.. bytes[..at], (byte)step.Value, .. bytes[at..]];
            case 3:
                return bytes[..at];
            case 4:
                var end = Math.Min(bytes.Length, at + step.Value);
                return [.. bytes[..end], .. bytes[at..]];
            case 5:
                return [.. bytes[..at], (byte)(bytes[at] ^ (1 << (step.Value % 8))), .. bytes[(at + 1)..]];
            default:
                return [.. bytes[..at], 0xFF, 0xFF, 0xFF, .. bytes[at..]];
        }
    }
}
