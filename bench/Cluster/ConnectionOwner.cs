using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>Whose process opened a loopback connection, as Linux tells under /proc (proc(5)); processes of other users are not seen.</summary>
internal static class ConnectionOwner
{
    private const int LocalAddress = 1;
    private const int Inode = 9;

    /// <summary>The one of these processes that holds the socket bound to this local port of 127.0.0.1; null when none does.</summary>
    public static int? Of(int localPort, IEnumerable<int> processes)
    {
        if (SocketInode(File.ReadLines("/proc/net/tcp"), localPort) is not { } inode)
        {
            return null;
        }

        var link = $"socket:[{inode}]";
        foreach (var process in processes)
        {
            if (Holds(process, link))
            {
                return process;
            }
        }

        return null;
    }

    /// <summary>The inode of the socket with this local port, out of the lines of <c>/proc/net/tcp</c>.</summary>
    internal static string? SocketInode(IEnumerable<string> lines, int localPort)
    {
        var address = "0100007F:" + localPort.ToString("X4", CultureInfo.InvariantCulture);
        foreach (var line in lines)
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > Inode && fields[LocalAddress] == address && fields[Inode] != "0")
            {
                return fields[Inode];
            }
        }

        return null;
    }

    private static bool Holds(int process, string link)
    {
        try
        {
            foreach (var file in Directory.EnumerateFiles($"/proc/{process}/fd"))
            {
                if (new FileInfo(file).LinkTarget == link)
                {
                    return true;
                }
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The process ended, or the descriptor was closed, while it was looked at.
        }

        return false;
    }
}
