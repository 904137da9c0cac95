using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>What Linux tells about one process under /proc (proc(5)).</summary>
internal static class ProcessStat
{
    private const double TicksPerSecond = 100;

    /// <summary>User and system time of all its threads, in seconds.</summary>
    public static double CpuSeconds(int processId) => ParseCpuSeconds(File.ReadAllText($"/proc/{processId}/stat"));

    /// <summary>Resident memory in MB of 1,048,576 bytes (VmRSS).</summary>
    public static double ResidentMegabytes(int processId) => ParseResidentMegabytes(File.ReadAllText($"/proc/{processId}/status"));

    /// <summary>The most that it ever was, in MB (VmHWM).</summary>
    public static double PeakMegabytes(int processId) => ParseMegabytes(File.ReadAllText($"/proc/{processId}/status"), "VmHWM:");

    /// <summary>Time that all cores together were not idle, in seconds.</summary>
    public static double MachineCpuSeconds() => ParseMachineCpuSeconds(File.ReadAllText("/proc/stat"));

    internal static double ParseMachineCpuSeconds(string stat)
    {
        // cpu user nice system idle iowait irq softirq steal; guest time is in user time already.
        var fields = stat[..stat.IndexOf('\n', StringComparison.Ordinal)].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields[1..4].Concat(fields[6..9]).Sum(Number) / TicksPerSecond;
    }

    internal static double ParseCpuSeconds(string stat)
    {
        // The command's name may hold blanks and parentheses; the fields are counted from the last one.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        const int userTime = 11;
        const int systemTime = 12;
        return (Number(fields[userTime]) + Number(fields[systemTime])) / TicksPerSecond;
    }

    internal static double ParseResidentMegabytes(string status) => ParseMegabytes(status, "VmRSS:");

    internal static double ParseMegabytes(string status, string name)
    {
        var line = status.Split('\n').FirstOrDefault(text => text.StartsWith(name, StringComparison.Ordinal))
            ?? throw new FormatException($"There is no {name.TrimEnd(':')} line.");
        return Number(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
    }

    private static double Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
