using System.Globalization;

namespace MeshGrains.LocalCluster;

/// <summary>
/// Processes of a cluster whose supervisor was killed. Their ids are kept in a file with the moment each was started, so that another process
/// that was given such an id later is not mistaken for one of them.
/// </summary>
internal static class Orphans
{
    private const int StartTimeField = 19;

    public static void Note(ClusterFolder folder, IEnumerable<int> processIds)
    {
        var lines = processIds.Select(id => (Id: id, Started: StartTime(id))).Where(process => process.Started is not null)
            .Select(process => string.Create(CultureInfo.InvariantCulture, $"{process.Id} {process.Started}\n"));
        ClusterFolder.WriteAtomically(folder.Processes, System.Text.Encoding.ASCII.GetBytes(string.Concat(lines)));
    }

    /// <summary>Ends those that still live; gives how many there were.</summary>
    public static int End(ClusterFolder folder)
    {
        if (!File.Exists(folder.Processes))
        {
            return 0;
        }

        var ended = 0;
        foreach (var line in File.ReadLines(folder.Processes))
        {
            var parts = line.Split(' ');
            if (parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id) && StartTime(id) == parts[1])
            {
                Signals.Send(id, Signals.Kill);
                ended++;
            }
        }

        File.Delete(folder.Processes);
        return ended;
    }

    /// <summary>Clock ticks after the boot (proc(5), field 22); null when there is no such process.</summary>
    private static string? StartTime(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[StartTimeField];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
