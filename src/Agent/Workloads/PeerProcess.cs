using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace MeshGrains.Agent.Workloads;

/// <summary>
/// The process at the other end of a Unix socket: its credentials as they were when it connected (SO_PEERCRED), and a handle of that very process.
/// The handle is SO_PEERPIDFD's where the kernel has it (6.5), and then no number can have been reused. On older kernels (Debian 12's 6.1) it is opened
/// by number right after the connection was accepted: a process that ends and whose number is taken again in that moment by another one of the same user is
/// the one case that is not told apart; a process of another user always is, by the credentials.
/// </summary>
internal sealed class PeerProcess : IDisposable
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;
    private const int SoPeerPidfd = 77;

    private readonly Lock _gate = new();
    private int _pidfd;

    internal PeerProcess(int processId, uint userId, uint groupId, int pidfd, FileIdentity? executable) =>
        (ProcessId, UserId, GroupId, _pidfd, Executable) = (processId, userId, groupId, pidfd, executable);

    public int ProcessId { get; }

    public uint UserId { get; }

    public uint GroupId { get; }

    /// <summary>What it ran when its connection was accepted; null where that may not be looked at.</summary>
    public FileIdentity? Executable { get; }

    /// <summary>False once the process has ended, even if others hold its connection on; then its number says nothing any more.</summary>
    public bool IsAlive
    {
        get
        {
            lock (_gate)
            {
                return _pidfd >= 0 && !Native.HasEnded(_pidfd);
            }
        }
    }

    /// <exception cref="SocketException">The socket is no connected Unix socket.</exception>
    public static PeerProcess Of(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12];
        if (socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials) != credentials.Length)
        {
            throw new SocketException((int)SocketError.ProtocolOption);
        }

        var pid = MemoryMarshal.Read<int>(credentials);
        var pidfd = Handle(socket, pid);
        var executable = pidfd < 0 ? null : FileIdentity.Of($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/exe");
        return new PeerProcess(pid, MemoryMarshal.Read<uint>(credentials[4..]), MemoryMarshal.Read<uint>(credentials[8..]), pidfd, executable);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_pidfd >= 0)
            {
                _ = Native.Close(_pidfd);
                _pidfd = -1;
            }
        }
    }

    /// <summary>-1 when the process is gone, or lives where this agent cannot see it (its number is 0 then).</summary>
    private static int Handle(Socket socket, int pid)
    {
        if (pid <= 0)
        {
            return -1;
        }

        Span<byte> handle = stackalloc byte[4];
        try
        {
            return socket.GetRawSocketOption(SolSocket, SoPeerPidfd, handle) == handle.Length ? MemoryMarshal.Read<int>(handle) : -1;
        }
        catch (SocketException unknown) when (unknown.SocketErrorCode is SocketError.ProtocolOption or SocketError.OperationNotSupported)
        {
            return Native.PidfdOpen(pid);
        }
        catch (SocketException)
        {
            return -1;
        }
    }
}
