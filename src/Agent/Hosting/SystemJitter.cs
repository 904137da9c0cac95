using System.Security.Cryptography;

namespace MeshGrains.Agent.Hosting;

internal sealed class SystemJitter : IJitter
{
    public double Next(double spread)
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        return 1 - spread + (2 * spread * ((BitConverter.ToUInt64(bytes) >> 11) * (1.0 / (1UL << 53))));
    }
}
