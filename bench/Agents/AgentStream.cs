using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Bench;

/// <summary>
/// One agent's connection with its one stream, as light as can be: an idle one holds no buffer. It answers pings, probes the path itself when told, and
/// cuts what comes into updates. A connection and a TLS handshake of its own for each, as real agents have them.
/// </summary>
internal sealed class AgentStream : IAsyncDisposable
{
    public const string Path = "/meshgrains.agent.v1.NodeAgent/Sync";

    private const int FrameHead = 9;
    private const int MaxFrame = 16_384;
    private const int MessageHead = 5;
    private const int Stream = 1;
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte ResetStream = 3;
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte GoAway = 7;
    private const byte EndStream = 1;
    private const byte Acknowledged = 1;
    private const byte EndHeaders = 4;

    private readonly SslStream _tls;
    private readonly SemaphoreSlim _writing = new(1);
    private byte[] _message = [];

    private AgentStream(SslStream tls) => _tls = tls;

    /// <summary>Connects, begins the stream and sends the first report.</summary>
    /// <exception cref="IOException">No connection.</exception>
    /// <exception cref="AuthenticationException">The handshake was refused, or the gateway is not to be believed.</exception>
    public static async Task<AgentStream> OpenAsync(IPEndPoint gateway, SslClientAuthenticationOptions options, AgentReport first, CancellationToken cancellationToken)
    {
        var socket = new Socket(gateway.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        AgentStream? stream = null;
        try
        {
            await socket.ConnectAsync(gateway, cancellationToken);
            stream = new AgentStream(new SslStream(new NetworkStream(socket, ownsSocket: true)));
            await stream._tls.AuthenticateAsClientAsync(options, cancellationToken);
            await stream._tls.WriteAsync(Preface($"localhost:{gateway.Port}", first), cancellationToken);
            return stream;
        }
        catch (Exception failure)
        {
            socket.Dispose();
            stream?._writing.Dispose();
            throw failure is SocketException ? new IOException(failure.Message, failure) : failure;
        }
    }

    /// <summary>Hands every update on until the stream ends.</summary>
    /// <returns>How it ended: gRPC's status and message; <see cref="CallOutcome.NoStatus"/> when the connection went first.</returns>
    public async Task<(int Status, string Message)> RunAsync(Action<AgentUpdate> taken, CancellationToken cancellationToken)
    {
        var rest = Array.Empty<byte>();
        try
        {
            while (true)
            {
                // Waits without a buffer.
                if (await _tls.ReadAsync(Memory<byte>.Empty, cancellationToken) != 0)
                {
                    throw new IOException("Bytes came into no buffer.");
                }

                var buffer = ArrayPool<byte>.Shared.Rent(rest.Length + FrameHead + MaxFrame);
                try
                {
                    rest.CopyTo(buffer, 0);
                    var read = await _tls.ReadAsync(buffer.AsMemory(rest.Length), cancellationToken);
                    if (read == 0)
                    {
                        return (CallOutcome.NoStatus, "The server closed the connection.");
                    }

                    var filled = rest.Length + read;
                    var used = 0;
                    while (FrameAt(buffer.AsSpan(used, filled - used)) is { } length)
                    {
                        if (await TakeAsync(buffer.AsMemory(used, length), taken, cancellationToken) is { } end)
                        {
                            return end;
                        }

                        used += length;
                    }

                    rest = buffer.AsSpan(used, filled - used).ToArray();
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            return (CallOutcome.NoStatus, failure.Message);
        }
    }

    public Task ReportAsync(AgentReport report, CancellationToken cancellationToken) => WriteAsync(Frame(Data, 0, Stream, IstioMessages.Frame(report)), cancellationToken);

    /// <summary>As real agents do to notice a dead path.</summary>
    public Task PingAsync(CancellationToken cancellationToken) => WriteAsync(Frame(Ping, 0, 0, new byte[8]), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _tls.DisposeAsync();
        _writing.Dispose();
    }

    /// <summary>The length of the whole frame at the head of these bytes; null when it is not whole yet.</summary>
    internal static int? FrameAt(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FrameHead)
        {
            return null;
        }

        var length = FrameHead + ((bytes[0] << 16) | (bytes[1] << 8) | bytes[2]);
        return length > FrameHead + MaxFrame ? throw new IOException($"The server sent a frame of {length - FrameHead} bytes.")
            : bytes.Length >= length ? length : null;
    }

    private async ValueTask<(int Status, string Message)?> TakeAsync(ReadOnlyMemory<byte> frame, Action<AgentUpdate> taken, CancellationToken cancellationToken)
    {
        var (type, flags, payload) = (frame.Span[3], frame.Span[4], frame[FrameHead..]);
        switch (type)
        {
            case Data:
                TakeMessages(payload.Span, taken);
                break;
            case Headers when (flags & EndStream) != 0:
                return (Hpack.FindStatus(payload.Span) ?? CallOutcome.NoStatus, Hpack.FindMessage(payload.Span));
            case ResetStream:
                return (CallOutcome.NoStatus, $"stream reset, error {BinaryPrimitives.ReadInt32BigEndian(payload.Span)}");
            case GoAway when BinaryPrimitives.ReadInt32BigEndian(payload.Span[4..]) != 0:
                return (CallOutcome.NoStatus, $"GOAWAY with error {BinaryPrimitives.ReadInt32BigEndian(payload.Span[4..])}");
            case Settings when (flags & Acknowledged) == 0:
                await WriteAsync(Frame(Settings, Acknowledged, 0, []), cancellationToken);
                break;
            case Ping when (flags & Acknowledged) == 0:
                await WriteAsync(Frame(Ping, Acknowledged, 0, payload.Span), cancellationToken);
                break;
            default:
                break;
        }

        return null;
    }

    private void TakeMessages(ReadOnlySpan<byte> bytes, Action<AgentUpdate> taken)
    {
        byte[] all = [.. _message, .. bytes];
        var at = 0;
        while (all.Length - at >= MessageHead && BinaryPrimitives.ReadInt32BigEndian(all.AsSpan(at + 1)) is var length && all.Length - at - MessageHead >= length)
        {
            taken(AgentUpdate.Parser.ParseFrom(all.AsSpan(at + MessageHead, length)));
            at += MessageHead + length;
        }

        _message = at == all.Length ? [] : all[at..];
    }

    private async Task WriteAsync(byte[] frame, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _tls.WriteAsync(frame, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    private static byte[] Preface(string authority, AgentReport first)
    {
        // No dynamic table, no pushes; windows that outlast the run.
        byte[] settings = [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 4, 0, 0x10, 0, 0];
        var (headers, _) = Hpack.CommonHeaders(tls: true, authority, Path);
        return
        [
            .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, settings), .. Frame(8, 0, 0, [0x3F, 0xFF, 0, 0]),
            .. Frame(Headers, EndHeaders, Stream, headers), .. Frame(Data, 0, Stream, IstioMessages.Frame(first)),
        ];
    }

    private static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[FrameHead + payload.Length];
        (frame[0], frame[1], frame[2], frame[3], frame[4]) = ((byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(FrameHead));
        return frame;
    }
}
