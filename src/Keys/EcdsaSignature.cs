using System.Formats.Asn1;

namespace MeshGrains.Keys;

/// <summary>Key Vault and PKCS#11 return r and s side by side; X.509 wants a DER SEQUENCE of two INTEGERs (RFC 3279 2.2.3).</summary>
internal static class EcdsaSignature
{
    public static byte[] ToDer(ReadOnlySpan<byte> raw, KeyAlgorithm algorithm)
    {
        var half = algorithm.FieldBytes();
        if (raw.Length != 2 * half)
        {
            throw KeyRules.Invalid($"A raw {algorithm} signature has {2 * half} bytes, not {raw.Length}.");
        }

        var writer = new AsnWriter(AsnEncodingRules.DER, raw.Length + 16);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(TrimZeros(raw[..half]));
            writer.WriteIntegerUnsigned(TrimZeros(raw[half..]));
        }

        return writer.Encode();
    }

    private static ReadOnlySpan<byte> TrimZeros(ReadOnlySpan<byte> number)
    {
        var trimmed = number.TrimStart((byte)0);
        return trimmed.IsEmpty ? number[^1..] : trimmed;
    }
}
