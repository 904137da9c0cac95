using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace MeshGrains.Bench;

/// <summary>
/// Hands TCP connections on to one server, and can hold them back as a broken network does: nothing arrives, nothing is refused, nothing is closed. What was
/// held back arrives when the hold ends.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly IPEndPoint _server;
    private readonly Func<int, bool> _isHeld;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _over = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly Task _accepting;
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _heldWhole;

    /// <param name="server">Where connections are handed on to.</param>
    /// <param name="isHeld">Whether the connection from this port of 127.0.0.1 is held back now; asked again at each <see cref="Look"/>.</param>
    public TcpProxy(IPEndPoint server, Func<int, bool>? isHeld = null)
    {
        (_server, _isHeld) = (server, isHeld ?? (_ => false));
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, LoopbackPort.Free()));
        _listener.Listen(512);
        _accepting = Task.Run(AcceptAsync);
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>Holds everything back, whoever's it is.</summary>
    public bool Held
    {
        get => _heldWhole;
        set
        {
            _heldWhole = value;
            Look();
        }
    }

    /// <summary>Something that the question about connections depends on has changed.</summary>
    public void Look()
    {
        var before = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        before.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_over.Token);
                var connection = Task.Run(() => ServeAsync(client));
                _connections[connection] = true;
                _ = connection.ContinueWith(done => _connections.TryRemove(done, out _), TaskScheduler.Default);
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy ends.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            var from = ((IPEndPoint)client.RemoteEndPoint!).Port;
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
            try
            {
                await UntilReleasedAsync(from, ended.Token);
                await server.ConnectAsync(_server, ended.Token);
                await Task.WhenAll(PumpAsync(client, server, from, ended), PumpAsync(server, client, from, ended));
            }
            catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One of the two is gone, or the proxy ends.
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, int owner, CancellationTokenSource ended)
    {
        var buffer = new byte[32 * 1024];
        try
        {
            while (true)
            {
                var read = await from.ReceiveAsync(buffer, ended.Token);
                await UntilReleasedAsync(owner, ended.Token);
                if (read == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                for (var sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), ended.Token);
                }
            }
        }
        catch
        {
            // A reset on one side is one on the other.
            await ended.CancelAsync();
            throw;
        }
    }

    private async Task UntilReleasedAsync(int port, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Task;
            if (!_heldWhole && !_isHeld(port))
            {
                return;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }
}
