using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MeshGrains.Identity;

/// <summary>
/// Of an order to replace what chains to an authority over a time: when one certificate's turn comes. It follows from the certificate, so that those of a fleet make a
/// slope without anybody counting, and asking again draws no other.
/// </summary>
public static class ReissueMoment
{
    /// <summary>Those that fall close to each other go in one call.</summary>
    private static readonly long Step = TimeSpan.FromMilliseconds(100).Ticks;

    /// <param name="seen">When the holder first saw the order.</param>
    /// <param name="over">The time that the order gives; zero: at once.</param>
    /// <param name="leaf">DER of the certificate.</param>
    /// <param name="authorityId">The authority that the order names, lowercase hex.</param>
    public static DateTimeOffset Of(DateTimeOffset seen, TimeSpan over, ReadOnlySpan<byte> leaf, string authorityId)
    {
        var moment = seen + (over * Share(leaf, authorityId));
        return moment.AddTicks(-(moment.Ticks % Step));
    }

    /// <summary>From 0 to 1, evenly over certificates.</summary>
    private static double Share(ReadOnlySpan<byte> leaf, string authorityId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData([.. leaf, .. Encoding.ASCII.GetBytes(authorityId)], hash);
        return BinaryPrimitives.ReadUInt32BigEndian(hash) / (uint.MaxValue + 1.0);
    }
}
