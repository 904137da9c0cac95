using System.Globalization;

namespace MeshGrains.Agent.Workloads.Cgroups;

/// <summary>Where a process stands in the kernel's control groups: the lines of <c>/proc/PID/cgroup</c>, of one hierarchy (v2) or of several (v1).</summary>
internal sealed record ProcessCgroups(IReadOnlyList<CgroupLine> Lines)
{
    /// <summary>Far more than any kernel writes.</summary>
    private const int MaxBytes = 64 * 1024;

    /// <exception cref="AttestorException">It cannot be read, or is none of the kernel's.</exception>
    public static ProcessCgroups Read(PeerProcess peer, string proc)
    {
        var file = Path.Combine(proc, peer.ProcessId.ToString(CultureInfo.InvariantCulture), "cgroup");
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read);
            var buffer = new byte[MaxBytes];
            var length = stream.ReadAtLeast(buffer, MaxBytes, throwOnEndOfStream: false);
            return length < MaxBytes && Parse(System.Text.Encoding.UTF8.GetString(buffer, 0, length)) is { } parsed
                ? parsed : throw new AttestorException("cgroup_unreadable", $"{file} is none of the kernel's");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new AttestorException("cgroup_unreadable", failure.Message, failure);
        }
    }

    /// <summary>Null when a line is none of the kernel's: <c>ID:CONTROLLERS:PATH</c>.</summary>
    public static ProcessCgroups? Parse(string text)
    {
        var lines = new List<CgroupLine>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(':', 3);
            if (parts.Length != 3 || !uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out _) || !parts[2].StartsWith('/'))
            {
                return null;
            }

            // The kernel's mark for a group that was removed under a process.
            const string Deleted = " (deleted)";
            lines.Add(new CgroupLine(parts[1], parts[2].EndsWith(Deleted, StringComparison.Ordinal) ? parts[2][..^Deleted.Length] : parts[2]));
        }

        return lines.Count > 0 ? new ProcessCgroups(lines) : null;
    }
}
