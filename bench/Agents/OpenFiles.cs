using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>The limit of open files of a process, which each connection takes one of.</summary>
internal static class OpenFiles
{
    /// <summary>Beside the connections: libraries, stores, the runtime's own.</summary>
    private const int Others = 512;

    /// <summary>Why so many connections cannot be had, and what to do; null when they can.</summary>
    public static string? Missing(int connections) => Missing(connections, File.ReadAllText("/proc/self/limits"));

    internal static string? Missing(int connections, string limits)
    {
        var line = limits.Split('\n').First(text => text.StartsWith("Max open files", StringComparison.Ordinal));
        var most = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        var needed = connections + Others;
        return most == "unlimited" || long.Parse(most, CultureInfo.InvariantCulture) >= needed
            ? null
            : $"{connections} agents need {needed} open files in each process, and the hard limit is {most}. Raise it (ulimit -Hn {needed}, or LimitNOFILE in systemd), or take fewer agents.";
    }
}
