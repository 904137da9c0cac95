using System.Buffers.Text;
using System.Text;

namespace MeshGrains.Rpc.Wire;

/// <summary>Base64 as "-bin" headers carry it: written without padding, read with or without, several values joined by commas.</summary>
internal static class BinaryHeader
{
    public static string Encode(ReadOnlySpan<byte> value) => Convert.ToBase64String(value).TrimEnd('=');

    /// <summary>Adds every value of one header line; false when one is not base64.</summary>
    public static bool TryAdd(RpcMetadata target, string key, string line)
    {
        foreach (Range range in line.AsSpan().Split(','))
        {
            if (!TryDecode(line.AsSpan(range).Trim(' '), out byte[] value))
            {
                return false;
            }

            target.AddReserved(key, value);
        }

        return true;
    }

    public static bool TryDecode(ReadOnlySpan<char> text, out byte[] value)
    {
        value = [];
        text = text.TrimEnd('=');
        if (text.Length % 4 == 1)
        {
            return false;
        }

        int padded = (text.Length + 3) / 4 * 4;
        byte[] utf8 = new byte[padded];
        if (Encoding.ASCII.GetBytes(text, utf8) != text.Length)
        {
            return false;
        }

        utf8.AsSpan(text.Length).Fill((byte)'=');
        byte[] decoded = new byte[padded / 4 * 3];
        if (Base64.DecodeFromUtf8(utf8, decoded, out int consumed, out int written) != System.Buffers.OperationStatus.Done || consumed != utf8.Length)
        {
            return false;
        }

        value = decoded[..written];
        return true;
    }
}
