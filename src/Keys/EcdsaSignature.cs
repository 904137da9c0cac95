using DerForm = MeshGrains.Identity.EcdsaSignature;

namespace MeshGrains.Keys;

/// <summary>Key Vault and PKCS#11 return r and s side by side; X.509 wants a DER SEQUENCE of two INTEGERs (RFC 3279 2.2.3).</summary>
internal static class EcdsaSignature
{
    /// <summary>Holds the key store to the width of the key's curve, then gives the DER form.</summary>
    public static byte[] ToDer(ReadOnlySpan<byte> raw, KeyAlgorithm algorithm)
    {
        var half = algorithm.FieldBytes();
        return raw.Length == 2 * half
            ? DerForm.ToDer(raw)
            : throw KeyRules.Invalid($"A raw {algorithm} signature has {2 * half} bytes, not {raw.Length}.");
    }
}
