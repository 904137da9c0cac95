namespace MeshGrains.Identity;

/// <summary>The form that certificates and requests share: SEQUENCE { signed part, AlgorithmIdentifier, BIT STRING }.</summary>
internal static class SignedDer
{
    public static byte[] Assemble(ReadOnlySpan<byte> signedPart, SignatureAlgorithm algorithm, ReadOnlySpan<byte> signature)
    {
        var buffer = new byte[signedPart.Length + signature.Length + 64];
        var writer = new DerWriter(buffer);
        var mark = writer.Position;
        writer.BitString(signature);
        SignatureAlgorithms.Write(ref writer, algorithm);
        writer.Raw(signedPart);
        writer.Wrap(DerTag.Sequence, mark);
        return writer.Written.ToArray();
    }
}
