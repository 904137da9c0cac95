namespace MeshGrains.Grains;

public static class RandomSourceExtensions
{
    /// <summary>A fresh operation or record id: 128 random bits in lowercase hex.</summary>
    public static string NewId(this IRandomSource random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.Fill(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>A factor drawn evenly from 1 - <paramref name="spread"/> to 1 + <paramref name="spread"/>, to keep timers apart.</summary>
    public static double NextJitter(this IRandomSource random, double spread)
    {
        Span<byte> bytes = stackalloc byte[8];
        random.Fill(bytes);
        var unit = (BitConverter.ToUInt64(bytes) >> 11) * (1.0 / (1UL << 53));
        return 1 - spread + (2 * spread * unit);
    }
}
