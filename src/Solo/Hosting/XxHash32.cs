using System.Buffers.Binary;
using System.Numerics;

namespace Orleans.Solo;

/// <summary>XXH32 with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), the hash behind Orleans' ranges of grains.</summary>
internal static class XxHash32
{
    private const uint Prime1 = 0x9E3779B1, Prime2 = 0x85EBCA77, Prime3 = 0xC2B2AE3D, Prime4 = 0x27D4EB2F, Prime5 = 0x165667B1;

    public static uint Hash(ReadOnlySpan<byte> data)
    {
        var length = (uint)data.Length;
        unchecked
        {
            uint hash;
            if (data.Length < 16)
            {
                hash = Prime5;
            }
            else
            {
                Span<uint> lanes = [Prime1 + Prime2, Prime2, 0, 0 - Prime1];
                for (; data.Length >= 16; data = data[16..])
                {
                    for (var lane = 0; lane < 4; lane++)
                    {
                        lanes[lane] = BitOperations.RotateLeft(lanes[lane] + (Word(data[(lane * 4)..]) * Prime2), 13) * Prime1;
                    }
                }

                hash = BitOperations.RotateLeft(lanes[0], 1) + BitOperations.RotateLeft(lanes[1], 7)
                    + BitOperations.RotateLeft(lanes[2], 12) + BitOperations.RotateLeft(lanes[3], 18);
            }

            hash += length;
            for (; data.Length >= 4; data = data[4..])
            {
                hash = BitOperations.RotateLeft(hash + (Word(data) * Prime3), 17) * Prime4;
            }

            foreach (var value in data)
            {
                hash = BitOperations.RotateLeft(hash + (value * Prime5), 11) * Prime1;
            }

            hash = (hash ^ (hash >> 15)) * Prime2;
            hash = (hash ^ (hash >> 13)) * Prime3;
            return hash ^ (hash >> 16);
        }
    }

    private static uint Word(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt32LittleEndian(data);
}
