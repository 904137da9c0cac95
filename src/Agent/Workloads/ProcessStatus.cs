using System.Globalization;

namespace MeshGrains.Agent.Workloads;

/// <summary>The user and groups of a process, out of <c>/proc/PID/status</c>: effective ones.</summary>
internal sealed record ProcessStatus(uint UserId, uint GroupId, IReadOnlyList<uint> SupplementaryGroups)
{
    /// <summary>Null when the text is none of the kernel's.</summary>
    public static ProcessStatus? Parse(string text)
    {
        uint? user = null, group = null;
        List<uint>? groups = null;
        foreach (var line in text.Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                continue;
            }

            var numbers = line[(colon + 1)..].Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries);
            switch (line[..colon])
            {
                // Real, effective, saved, file system.
                case "Uid" when numbers.Length == 4:
                    user = Number(numbers[1]);
                    break;
                case "Gid" when numbers.Length == 4:
                    group = Number(numbers[1]);
                    break;
                case "Groups":
                    groups = [.. numbers.Select(number => Number(number)).OfType<uint>()];
                    break;
            }
        }

        return user is { } uid && group is { } gid && groups is not null ? new ProcessStatus(uid, gid, groups) : null;
    }

    private static uint? Number(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
