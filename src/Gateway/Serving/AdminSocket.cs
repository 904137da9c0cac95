using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Serving;

/// <summary>The local operator's Unix socket: 0600 before it listens, and only for allowed user ids.</summary>
internal static class AdminSocket
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderMode = OwnerOnly | UnixFileMode.UserExecute;

    /// <summary>
    /// Binds without listening, then narrows the mode: until Kestrel listens nobody can connect, so there is no moment at which
    /// others could. A file that a killed process left is removed; one that somebody answers on is an error.
    /// </summary>
    public static Socket Bind(UnixDomainSocketEndPoint endPoint, ILogger logger)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("The administration socket needs Unix file modes; leave gateway.adminSocket empty here.");
        }

        var path = endPoint.ToString();
        var folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        Directory.CreateDirectory(folder, FolderMode);
        RequireOwnFolder(folder);
        RemoveStale(endPoint, path, logger);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(endPoint);
            File.SetUnixFileMode(path, OwnerOnly);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connection middleware: reads the peer once and turns strangers away before a byte is read.</summary>
    public static ConnectionDelegate Guard(ConnectionDelegate next, IReadOnlyCollection<uint> allowed, ILogger logger) => connection =>
    {
        var socket = connection.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionSocketFeature>()?.Socket
            ?? throw new InvalidOperationException("The administration socket needs Kestrel's socket transport.");
        var peer = PeerCredentials.Read(socket);
        if (peer.UserId != 0 && !allowed.Contains(peer.UserId))
        {
            ServingLog.AdminPeerRefused(logger, peer.UserId, peer.ProcessId);
            connection.Abort(new ConnectionAbortedException("The user is not allowed on the administration socket."));
            return Task.CompletedTask;
        }

        connection.Features.Set(new ConnectionOrigin(ListenerKinds.Admin) { Peer = peer });
        return next(connection);
    };

    /// <summary>Whoever may write into the folder could put a socket of his own in this one's place, and be talked to as the control plane.</summary>
    /// <exception cref="IOException">The folder is another user's, or open to others.</exception>
    private static void RequireOwnFolder(string folder)
    {
        var (owner, mode) = FileOwner.Read(folder);
        if (owner != PeerCredentials.OwnUserId() || mode != FolderMode)
        {
            throw new IOException(
                $"The administration socket's folder '{folder}' has to be this process's user's alone (uid {PeerCredentials.OwnUserId()}, mode 0700), "
                + $"and is uid {owner}'s with mode 0{Convert.ToString((int)mode, 8)}; 'chmod 700' it, or set gateway.adminSocket to a path in a folder of its own.");
        }
    }

    private static void RemoveStale(UnixDomainSocketEndPoint endPoint, string path, ILogger logger)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(path))
        {
            File.Delete(path);
            ServingLog.StaleSocketRemoved(logger, path);
            return;
        }
        catch (SocketException e)
        {
            throw new IOException($"'{path}' is there and is no socket of ours ({e.SocketErrorCode}); move it away or set gateway.adminSocket.", e);
        }

        throw new AddressInUseException($"Another process serves the administration socket '{path}'; stop it or set gateway.adminSocket.");
    }

    /// <summary>A regular file refuses connections as well and must not be deleted; reading one works, opening a socket never does.</summary>
    private static bool IsSocket(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}
