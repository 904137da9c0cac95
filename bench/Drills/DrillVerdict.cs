namespace MeshGrains.Bench;

/// <summary>Says whether a drill passed.</summary>
internal static class DrillVerdict
{
    /// <summary>0 when every condition holds; else 1, and the words of those that do not.</summary>
    public static int Tell(string drill, params (bool Holds, string Otherwise)[] conditions)
    {
        string[] failures = [.. conditions.Where(condition => !condition.Holds).Select(condition => condition.Otherwise)];
        if (failures.Length == 0)
        {
            Console.WriteLine($"drill {drill}: passed");
            return 0;
        }

        Console.Error.WriteLine($"drill {drill}: FAILED: {string.Join("; ", failures)}");
        return 1;
    }
}
