using System.Buffers;
using System.Buffers.Binary;

namespace MeshGrains.Gateway.Acme;

/// <summary>Looks for a protocol in the ALPN of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 7301). Of a message in several records the first is read alone.</summary>
internal static class ClientHello
{
    private const int RecordHead = 5;
    private const int MaxRecord = 16 * 1024;
    private const ushort AlpnExtension = 16;

    /// <summary>Null while too little is there to tell; whatever is no ClientHello offers nothing.</summary>
    public static bool? Offers(ReadOnlySequence<byte> received, ReadOnlySpan<byte> protocol)
    {
        Span<byte> head = stackalloc byte[RecordHead];
        if (received.Length < RecordHead)
        {
            return received.IsEmpty || received.FirstSpan[0] == 22 ? null : false;
        }

        received.Slice(0, RecordHead).CopyTo(head);
        int length = BinaryPrimitives.ReadUInt16BigEndian(head[3..]);
        if (head[0] != 22 || length is 0 or > MaxRecord)
        {
            return false;
        }

        return received.Length < RecordHead + length ? null : Offers(received.Slice(RecordHead, length).ToArray(), protocol);
    }

    private static bool Offers(ReadOnlySpan<byte> message, ReadOnlySpan<byte> protocol)
    {
        // Type, length, version, random; then session id, cipher suites, compression methods.
        if (message.Length < 39 || message[0] != 1)
        {
            return false;
        }

        var rest = message[38..];
        if (!Take(ref rest, 1, out _) || !Take(ref rest, 2, out _) || !Take(ref rest, 1, out _) || !Take(ref rest, 2, out var extensions))
        {
            return false;
        }

        while (extensions.Length >= 4)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!Take(ref extensions, 2, out var content))
            {
                return false;
            }

            if (type == AlpnExtension)
            {
                return Take(ref content, 2, out var names) && Names(names, protocol);
            }
        }

        return false;
    }

    private static bool Names(ReadOnlySpan<byte> names, ReadOnlySpan<byte> protocol)
    {
        while (Take(ref names, 1, out var name))
        {
            if (name.SequenceEqual(protocol))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes a vector whose length stands before it in so many bytes.</summary>
    private static bool Take(scoped ref ReadOnlySpan<byte> rest, int lengthBytes, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        if (rest.Length < lengthBytes)
        {
            return false;
        }

        var length = lengthBytes == 1 ? rest[0] : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (rest.Length < lengthBytes + length)
        {
            return false;
        }

        vector = rest.Slice(lengthBytes, length);
        rest = rest[(lengthBytes + length)..];
        return true;
    }
}
