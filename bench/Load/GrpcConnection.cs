using System.Buffers.Binary;
using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>
/// One kept HTTP/2 connection that keeps a number of unary gRPC calls under way, with as little work for each as can be: what is sent was made
/// before, what comes is only cut into messages. Calls that end together are followed by new ones in one write.
/// </summary>
internal sealed class GrpcConnection : IAsyncDisposable
{
    private const int FrameHead = 9;
    private const int MaxFrame = 16_384;
    private const int StreamWindow = 1 << 20;
    private const int ConnectionWindow = 1 << 30;
    private const int DefaultWindow = 65_535;
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte ResetStream = 3;
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte GoAway = 7;
    private const byte WindowUpdate = 8;
    private const byte Continuation = 9;
    private const byte EndStream = 1;
    private const byte Acknowledged = 1;
    private const byte EndHeaders = 4;
    private const byte Padded = 8;

    private readonly Stream _stream;
    private readonly byte[] _firstHeaders;
    private readonly byte[] _laterHeaders;
    private readonly Dictionary<int, Slot> _underWay = [];
    private readonly Stack<Slot> _idle = new();
    private readonly byte[] _in = new byte[256 * 1024];
    private byte[] _out = new byte[64 * 1024];
    private int _outLength;
    private int _nextStream = 1;
    private long _sendWindow = DefaultWindow;
    private int _consumed;
    private int _filled;
    private Call? _waiting;

    private GrpcConnection(Stream stream, GrpcTarget target)
    {
        _stream = stream;
        (_firstHeaders, _laterHeaders) = Hpack.CommonHeaders(target.Tls, target.Authority, target.Path);
    }

    public static async Task<GrpcConnection> OpenAsync(GrpcTarget target, CancellationToken cancellationToken)
    {
        var connection = new GrpcConnection(await target.ConnectAsync(cancellationToken), target);
        connection.WritePreface();
        await connection.FlushAsync(cancellationToken);
        return connection;
    }

    /// <summary>Keeps <paramref name="inFlight"/> calls under way until the script has no more and all have ended.</summary>
    /// <exception cref="IOException">The connection went or the server broke the protocol; every call under way was told to the script as ended without status.</exception>
    public async Task RunAsync(ICallScript script, int inFlight, CancellationToken cancellationToken)
    {
        try
        {
            var wanted = true;
            while (true)
            {
                wanted = wanted && StartCalls(script, inFlight);
                if (_underWay.Count == 0 && _waiting is null)
                {
                    return;
                }

                await FlushAsync(cancellationToken);
                var read = await _stream.ReadAsync(_in.AsMemory(_filled), cancellationToken);
                if (read == 0)
                {
                    throw new IOException("The server closed the connection.");
                }

                _filled += read;
                var used = TakeFrames(_in.AsSpan(0, _filled), script);
                _filled -= used;
                _in.AsSpan(used, _filled).CopyTo(_in);
            }
        }
        finally
        {
            foreach (var slot in _underWay.Values)
            {
                End(slot, CallOutcome.NoStatus, "", script);
            }

            _underWay.Clear();
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    /// <summary>False when the script has no more calls.</summary>
    private bool StartCalls(ICallScript script, int inFlight)
    {
        while (_underWay.Count < inFlight)
        {
            if ((_waiting ?? script.Next()) is not { } call)
            {
                return false;
            }

            _waiting = null;
            if (_sendWindow < call.Body.Length)
            {
                _waiting = call;
                return true;
            }

            Start(call);
        }

        return true;
    }

    private void Start(in Call call)
    {
        var slot = _idle.TryPop(out var idle) ? idle : new Slot();
        slot.Begin(call, Stopwatch.GetTimestamp());
        var stream = _nextStream;
        _nextStream += 2;
        _underWay.Add(stream, slot);
        var common = stream == 1 ? _firstHeaders : _laterHeaders;
        var length = common.Length + call.Headers.Length;
        if (length <= MaxFrame)
        {
            Frame(Headers, EndHeaders, stream, length);
            Append(common);
            Append(call.Headers);
        }
        else
        {
            AppendLongHeaders(stream, [.. common, .. call.Headers]);
        }

        _sendWindow -= call.Body.Length;
        Frame(Data, EndStream, stream, call.Body.Length);
        Append(call.Body);
    }

    private void AppendLongHeaders(int stream, ReadOnlySpan<byte> block)
    {
        for (var at = 0; at < block.Length; at += MaxFrame)
        {
            var part = block[at..Math.Min(block.Length, at + MaxFrame)];
            Frame(at == 0 ? Headers : Continuation, at + part.Length == block.Length ? EndHeaders : (byte)0, stream, part.Length);
            Append(part);
        }
    }

    /// <summary>Gives the number of bytes that were whole frames.</summary>
    private int TakeFrames(ReadOnlySpan<byte> bytes, ICallScript script)
    {
        var used = 0;
        while (bytes.Length - used >= FrameHead)
        {
            var head = bytes[used..];
            var length = (head[0] << 16) | (head[1] << 8) | head[2];
            if (length > MaxFrame)
            {
                throw new IOException($"The server sent a frame of {length} bytes.");
            }

            if (head.Length < FrameHead + length)
            {
                break;
            }

            var stream = BinaryPrimitives.ReadInt32BigEndian(head[5..]) & int.MaxValue;
            Take(head[3], head[4], stream, head.Slice(FrameHead, length), script);
            used += FrameHead + length;
        }

        return used;
    }

    private void Take(byte type, byte flags, int stream, ReadOnlySpan<byte> payload, ICallScript script)
    {
        switch (type)
        {
            case Data:
                TakeData(flags, stream, payload, script);
                break;
            case Headers:
                TakeHeaders(flags, stream, payload, script);
                break;
            case ResetStream when _underWay.Remove(stream, out var slot):
                End(slot, CallOutcome.NoStatus, $"stream reset, error {BinaryPrimitives.ReadInt32BigEndian(payload)}", script);
                break;
            case Settings when (flags & Acknowledged) == 0:
                Frame(Settings, Acknowledged, 0, 0);
                break;
            case Ping when (flags & Acknowledged) == 0:
                Frame(Ping, Acknowledged, 0, payload.Length);
                Append(payload);
                break;
            case WindowUpdate when stream == 0:
                _sendWindow += BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue;
                break;
            case GoAway:
                throw new IOException($"The server sent GOAWAY with error {BinaryPrimitives.ReadInt32BigEndian(payload[4..])}.");
            default:
                break;
        }
    }

    private void TakeData(byte flags, int stream, ReadOnlySpan<byte> payload, ICallScript script)
    {
        Replenish(payload.Length);
        if (!_underWay.TryGetValue(stream, out var slot))
        {
            return;
        }

        slot.Append((flags & Padded) == 0 ? payload : payload[1..^payload[0]]);
        if ((flags & EndStream) != 0)
        {
            _underWay.Remove(stream);
            End(slot, CallOutcome.NoStatus, "ended without trailers", script);
        }
    }

    private void TakeHeaders(byte flags, int stream, ReadOnlySpan<byte> block, ICallScript script)
    {
        if ((flags & EndHeaders) == 0)
        {
            throw new IOException("The server sent a header block in several frames.");
        }

        if ((flags & EndStream) != 0 && _underWay.Remove(stream, out var slot))
        {
            End(slot, Hpack.FindStatus(block) ?? CallOutcome.NoStatus, Hpack.FindMessage(block), script);
        }
    }

    private void End(Slot slot, int status, string statusMessage, ICallScript script)
    {
        script.Ended(new CallOutcome(slot.Call, status, statusMessage, slot.Message, slot.Started));
        if (_idle.Count < 1024)
        {
            _idle.Push(slot);
        }
    }

    private void Replenish(int bytes)
    {
        _consumed += bytes;
        if (_consumed >= ConnectionWindow / 2)
        {
            Frame(WindowUpdate, 0, 0, 4);
            AppendInt32(_consumed);
            _consumed = 0;
        }
    }

    private void WritePreface()
    {
        const short headerTableSize = 1;
        const short enablePush = 2;
        const short initialWindowSize = 4;
        Append("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        Frame(Settings, 0, 0, 18);
        AppendSetting(headerTableSize, 0);
        AppendSetting(enablePush, 0);
        AppendSetting(initialWindowSize, StreamWindow);
        Frame(WindowUpdate, 0, 0, 4);
        AppendInt32(ConnectionWindow - DefaultWindow);
    }

    private void AppendSetting(short id, int value)
    {
        Append([(byte)(id >> 8), (byte)id]);
        AppendInt32(value);
    }

    private void AppendInt32(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        Append(bytes);
    }

    private void Frame(byte type, byte flags, int stream, int length)
    {
        Span<byte> head = stackalloc byte[FrameHead];
        head[0] = (byte)(length >> 16);
        head[1] = (byte)(length >> 8);
        head[2] = (byte)length;
        head[3] = type;
        head[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(head[5..], stream);
        Append(head);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_out.Length - _outLength < bytes.Length)
        {
            Array.Resize(ref _out, Math.Max(2 * _out.Length, _outLength + bytes.Length));
        }

        bytes.CopyTo(_out.AsSpan(_outLength));
        _outLength += bytes.Length;
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_outLength > 0)
        {
            await _stream.WriteAsync(_out.AsMemory(0, _outLength), cancellationToken);
            _outLength = 0;
        }
    }

    /// <summary>One call under way and what came for it so far; used again for the next one.</summary>
    private sealed class Slot
    {
        private const int MessageHead = 5;

        private byte[] _body = new byte[8 * 1024];
        private int _length;

        public Call Call { get; private set; }

        public long Started { get; private set; }

        /// <summary>The whole message without its framing; empty until it is whole.</summary>
        public ReadOnlySpan<byte> Message
        {
            get
            {
                var body = _body.AsSpan(0, _length);
                return body.Length > MessageHead && BinaryPrimitives.ReadInt32BigEndian(body[1..]) == body.Length - MessageHead ? body[MessageHead..] : default;
            }
        }

        public void Begin(in Call call, long started) => (Call, Started, _length) = (call, started, 0);

        public void Append(ReadOnlySpan<byte> bytes)
        {
            if (_body.Length - _length < bytes.Length)
            {
                Array.Resize(ref _body, Math.Max(2 * _body.Length, _length + bytes.Length));
            }

            bytes.CopyTo(_body.AsSpan(_length));
            _length += bytes.Length;
        }
    }
}
