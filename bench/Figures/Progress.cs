using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>Progress lines on standard error, with the seconds since the start.</summary>
internal static class Progress
{
    private static readonly Stopwatch Clock = Stopwatch.StartNew();

    public static void Say(string text) => Console.Error.WriteLine($"[{Clock.Elapsed.TotalSeconds,6:0.0}s] {text}");
}
