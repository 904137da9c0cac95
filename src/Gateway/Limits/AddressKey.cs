using System.Buffers.Binary;
using System.Net;

namespace MeshGrains.Gateway;

/// <summary>
/// What counts as one address: an IPv4 address, also when it comes mapped into IPv6, or an IPv6 /64, since one host commonly holds that many.
/// </summary>
internal static class AddressKey
{
    // No unicast IPv6 prefix begins with these 32 bits (RFC 4291 section 2.4).
    private const ulong IPv4 = 0xffff_ffff_0000_0000;

    /// <summary>A hash with the process's secret seed.</summary>
    public static IEqualityComparer<ulong> Comparer { get; } = new SeededComparer();

    public static ulong Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length))
        {
            return 0;
        }

        return length == 4 ? IPv4 | BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : address.IsIPv4MappedToIPv6 ? IPv4 | BinaryPrimitives.ReadUInt32BigEndian(bytes[12..])
            : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    private sealed class SeededComparer : IEqualityComparer<ulong>
    {
        public bool Equals(ulong x, ulong y) => x == y;

        public int GetHashCode(ulong key) => HashCode.Combine(key);
    }
}
