using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf.WellKnownTypes;
using MeshGrains.Rpc.Wire;

namespace MeshGrains.Rpc.Tests;

public sealed class FramesTests
{
    [Fact]
    public void No_input_breaks_the_reader_and_what_it_returns_lies_within_the_input()
    {
        Prop.ForAll<byte[], byte, ushort>((tail, flag, limit) =>
        {
            byte[] bytes = [(byte)(flag % 4 == 3 ? flag : 0), .. tail];
            ReadOnlySequence<byte> whole = Split(bytes, 1 + flag % 7);
            ReadOnlySequence<byte> rest = whole;
            FrameStatus status = Frames.TryRead(ref rest, limit, out ReadOnlySequence<byte> message);
            return status == FrameStatus.Message
                ? message.Length <= limit && message.Length + Frames.HeaderLength + rest.Length == whole.Length
                : message.IsEmpty && rest.Length == whole.Length;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void However_the_bytes_are_cut_the_same_messages_come_out()
    {
        Prop.ForAll<byte[][], byte>((messages, cut) =>
        {
            byte[] bytes = messages.SelectMany(message => RawCall.Frame(message ?? [])).ToArray();
            ReadOnlySequence<byte> rest = Split(bytes, 1 + cut % 11);
            foreach (byte[]? expected in messages)
            {
                if (Frames.TryRead(ref rest, 1 << 20, out ReadOnlySequence<byte> message) != FrameStatus.Message
                    || !message.ToArray().AsSpan().SequenceEqual(expected))
                {
                    return false;
                }
            }

            return rest.IsEmpty && Frames.TryRead(ref rest, 1 << 20, out _) == FrameStatus.Incomplete;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Every_beginning_of_a_message_is_incomplete()
    {
        byte[] frame = RawCall.Frame([1, 2, 3, 4, 5, 6, 7]);
        for (int length = 0; length < frame.Length; length++)
        {
            var buffer = new ReadOnlySequence<byte>(frame, 0, length);
            Assert.Equal(FrameStatus.Incomplete, Frames.TryRead(ref buffer, 100, out _));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4000)]
    [InlineData(4083)]
    [InlineData(4084)]
    [InlineData(4085)]
    [InlineData(4091)]
    [InlineData(50_000)]
    public void What_is_written_is_read_again(int size)
    {
        var writer = new ArrayBufferWriter<byte>();
        var message = new StringValue { Value = new string('x', size) };

        Frames.Write(writer, message, 1 << 20);
        ArraySegment<byte> rented = Frames.Rent(message, 1 << 20);

        Assert.Equal(writer.WrittenSpan.ToArray(), rented.ToArray());
        var buffer = new ReadOnlySequence<byte>(writer.WrittenMemory);
        Assert.Equal(FrameStatus.Message, Frames.TryRead(ref buffer, 1 << 20, out ReadOnlySequence<byte> read));
        Assert.Equal(message, StringValue.Parser.ParseFrom(read));
        ArrayPool<byte>.Shared.Return(rented.Array!);
    }

    private static ReadOnlySequence<byte> Split(byte[] bytes, int pieceLength)
    {
        if (bytes.Length <= pieceLength)
        {
            return new ReadOnlySequence<byte>(bytes);
        }

        var first = new Piece(bytes.AsMemory(0, pieceLength), null);
        Piece last = first;
        for (int at = pieceLength; at < bytes.Length; at += pieceLength)
        {
            last = new Piece(bytes.AsMemory(at, Math.Min(pieceLength, bytes.Length - at)), last);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}
