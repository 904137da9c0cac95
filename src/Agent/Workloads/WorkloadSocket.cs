using System.Net.Sockets;
using MeshGrains.Agent.Hosting;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Workloads;

/// <summary>
/// The agent's Unix socket: in place with its mode before it listens, gone when the agent ends unless it is another one's by then; connections counted per user, the
/// process behind each taken hold of at once.
/// </summary>
internal sealed class WorkloadSocket(AgentConfiguration options, AgentMetrics metrics, ILogger<WorkloadSocket> logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, int> _byUser = [];
    private int _all;
    private (string Path, FileIdentity Identity)? _bound;

    public Socket Bind(UnixDomainSocketEndPoint endPoint)
    {
        var path = endPoint.ToString();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        RemoveStale(endPoint, path);
        _ = FileModes.TryParse(options.SocketMode, out var mode);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Under another name first: a socket that is closed takes the name with it that it was bound to, whosever file lies there by then.
            var fresh = path + ".new";
            File.Delete(fresh);
            socket.Bind(new UnixDomainSocketEndPoint(fresh));
            File.SetUnixFileMode(fresh, mode);
            File.Move(fresh, path, overwrite: true);
            _bound = FileIdentity.Of(path) is { } identity ? (path, identity) : null;
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Removes the socket's file, if it is this agent's.</summary>
    public void Remove()
    {
        if (_bound is { } bound && FileIdentity.Of(bound.Path) is { } there && there.IsSameFileAs(bound.Identity))
        {
            File.Delete(bound.Path);
        }
    }

    /// <summary>Connection middleware.</summary>
    public ConnectionDelegate Guard(ConnectionDelegate next) => async connection =>
    {
        var socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket
            ?? throw new InvalidOperationException("The agent's socket needs Kestrel's socket transport.");
        using var peer = PeerProcess.Of(socket);
        if (!TryEnter(peer.UserId))
        {
            metrics.Attested("too_many_connections");
            AgentLog.ConnectionRefused(logger, peer.UserId, "as many are open as may be (workloads.maxConnections, maxConnectionsPerUser)");
            connection.Abort(new ConnectionAbortedException("Too many connections."));
            return;
        }

        try
        {
            connection.Features.Set(peer);
            await next(connection);
        }
        finally
        {
            Leave(peer.UserId);
        }
    };

    private bool TryEnter(uint user)
    {
        lock (_gate)
        {
            var own = _byUser.GetValueOrDefault(user);
            if (_all >= options.Workloads.MaxConnections || own >= options.Workloads.MaxConnectionsPerUser)
            {
                return false;
            }

            (_all, _byUser[user]) = (_all + 1, own + 1);
            return true;
        }
    }

    private void Leave(uint user)
    {
        lock (_gate)
        {
            _all--;
            if (--_byUser[user] == 0)
            {
                _byUser.Remove(user);
            }
        }
    }

    private static void RemoveStale(UnixDomainSocketEndPoint endPoint, string path)
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
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused && (File.GetAttributes(path) & FileAttributes.Directory) == 0
            && new FileInfo(path).Length == 0)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException refused)
        {
            throw new IOException($"'{path}' is there and is no socket of an agent ({refused.SocketErrorCode}); move it away or set 'socket'.", refused);
        }

        throw new AddressInUseException($"Another process serves '{path}'; stop it or set 'socket'.");
    }
}
