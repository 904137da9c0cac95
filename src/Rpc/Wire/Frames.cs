using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace MeshGrains.Rpc.Wire;

/// <summary>Length-prefixed messages: one flag byte, four bytes of length (big-endian), the message.</summary>
internal static class Frames
{
    public const int HeaderLength = 5;

    // Below the pipes' segment size one span holds header and message, and the message is written without a chain of segments.
    private const int SingleSpanLimit = 4096 - HeaderLength;

    /// <summary>
    /// Looks at the head of <paramref name="buffer"/>; on <see cref="FrameStatus.Message"/> slices it off.
    /// A length above <paramref name="maxMessageBytes"/> is told from the header alone, so that nothing too large is ever gathered.
    /// </summary>
    public static FrameStatus TryRead(ref ReadOnlySequence<byte> buffer, int maxMessageBytes, out ReadOnlySequence<byte> message)
    {
        message = default;
        if (buffer.Length < HeaderLength)
        {
            // A wrong flag is told at once, not after waiting for bytes that may never come.
            return buffer.IsEmpty || buffer.FirstSpan.IsEmpty || buffer.FirstSpan[0] == 0 ? FrameStatus.Incomplete : FlagStatus(buffer.FirstSpan[0]);
        }

        Span<byte> copy = stackalloc byte[HeaderLength];
        scoped ReadOnlySpan<byte> first = buffer.FirstSpan;
        if (first.Length < HeaderLength)
        {
            buffer.Slice(0, HeaderLength).CopyTo(copy);
            first = copy;
        }

        if (first[0] != 0)
        {
            return FlagStatus(first[0]);
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(first[1..]);
        if (length > (uint)maxMessageBytes)
        {
            return FrameStatus.TooLarge;
        }

        if (buffer.Length - HeaderLength < length)
        {
            return FrameStatus.Incomplete;
        }

        message = buffer.Slice(HeaderLength, length);
        buffer = buffer.Slice(message.End);
        return FrameStatus.Message;
    }

    /// <summary>Writes header and message without flushing.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: the message is over <paramref name="maxMessageBytes"/>.</exception>
    public static void Write<T>(IBufferWriter<byte> writer, T message, int maxMessageBytes)
        where T : class, IMessage<T>
    {
        int length = CheckedLength(message, maxMessageBytes);
        if (length <= SingleSpanLimit)
        {
            Span<byte> whole = writer.GetSpan(HeaderLength + length);
            WriteInto(whole, message, length);
            writer.Advance(HeaderLength + length);
            return;
        }

        Span<byte> header = writer.GetSpan(HeaderLength);
        WriteHeader(header, length);
        writer.Advance(HeaderLength);
        message.WriteTo(writer);
    }

    /// <summary>Header and message in one array, the first <c>Length</c> bytes of it; the caller returns it to the shared pool.</summary>
    public static ArraySegment<byte> Rent<T>(T message, int maxMessageBytes)
        where T : class, IMessage<T>
    {
        int length = CheckedLength(message, maxMessageBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(HeaderLength + length);
        WriteInto(buffer, message, length);
        return new ArraySegment<byte>(buffer, 0, HeaderLength + length);
    }

    private static int CheckedLength<T>(T message, int maxMessageBytes)
        where T : class, IMessage<T>
    {
        int length = message.CalculateSize();
        return length <= maxMessageBytes && length <= Array.MaxLength - HeaderLength
            ? length
            : throw new RpcException(RpcStatusCode.ResourceExhausted, $"The message to send has {length} bytes, over the limit of {maxMessageBytes}.");
    }

    private static void WriteInto<T>(Span<byte> target, T message, int length)
        where T : class, IMessage<T>
    {
        WriteHeader(target, length);
        message.WriteTo(target.Slice(HeaderLength, length));
    }

    private static void WriteHeader(Span<byte> target, int length)
    {
        target[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(target[1..], (uint)length);
    }

    private static FrameStatus FlagStatus(byte flag) => flag == 1 ? FrameStatus.Compressed : FrameStatus.BadFlag;
}
