using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>128 bits from the system's random number generator for each serial number; two alike are never to be expected.</summary>
public sealed class RandomSerialSource : ISerialSource
{
    public static RandomSerialSource Shared { get; } = new();

    public SerialNumber Next()
    {
        Span<byte> bytes = stackalloc byte[SerialNumber.Length];
        do
        {
            RandomNumberGenerator.Fill(bytes);
        }
        while (!bytes.ContainsAnyExcept((byte)0));
        return SerialNumber.FromBytes(bytes);
    }
}
