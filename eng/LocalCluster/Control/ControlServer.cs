using System.Net.Sockets;
using System.Text.Json;

namespace MeshGrains.LocalCluster;

/// <summary>Answers on the control socket, which lies in a folder of this user alone and is 0600.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private const int MaxRequestBytes = 4096;
    private const int MaxCallers = 16;

    private readonly Func<ControlRequest, CancellationToken, Task<ControlAnswer>> _answer;
    private readonly Socket _listener;
    private readonly string _path;
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _callers = new(MaxCallers);
    private readonly Task _accepting;

    /// <param name="path">Of the socket; one that lies there is replaced.</param>
    /// <param name="answer">Does what is asked.</param>
    public ControlServer(string path, Func<ControlRequest, CancellationToken, Task<ControlAnswer>> answer)
    {
        (_path, _answer) = (path, answer);
        File.Delete(path);
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _listener.Listen(MaxCallers);
        _accepting = Task.Run(AcceptAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Dispose();
        await _accepting;
        File.Delete(_path);
        _over.Dispose();
        _callers.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _callers.WaitAsync(_over.Token);
                var caller = await _listener.AcceptAsync(_over.Token);
                _ = Task.Run(() => ServeAsync(caller));
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The supervisor ends.
        }
    }

    private async Task ServeAsync(Socket caller)
    {
        try
        {
            await using var stream = new NetworkStream(caller, ownsSocket: true);
            var answer = await ReadAsync(stream) is { } request
                ? await _answer(request, _over.Token)
                : new ControlAnswer("That is no request.", null);
            await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(answer, ControlJson.Default.ControlAnswer), _over.Token);
            await stream.WriteAsync("\n"u8.ToArray(), _over.Token);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            // The caller is gone, or the supervisor ends.
        }
        finally
        {
            Release();
        }
    }

    private void Release()
    {
        try
        {
            _callers.Release();
        }
        catch (ObjectDisposedException)
        {
            // The supervisor has ended.
        }
    }

    private async Task<ControlRequest?> ReadAsync(NetworkStream stream)
    {
        var buffer = new byte[MaxRequestBytes];
        var filled = 0;
        while (filled < buffer.Length)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(filled), _over.Token);
            filled += read;
            var end = buffer.AsSpan(0, filled).IndexOf((byte)'\n');
            if (end >= 0)
            {
                try
                {
                    return JsonSerializer.Deserialize(buffer.AsSpan(0, end), ControlJson.Default.ControlRequest);
                }
                catch (JsonException)
                {
                    return null;
                }
            }

            if (read == 0)
            {
                return null;
            }
        }

        return null;
    }
}
