using System.Buffers;
using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Gateway;

/// <summary>Checks the signature of a compact JWS whose form is known to be right.</summary>
internal static class TokenSignature
{
    /// <summary>512 bytes fit RSA 4096; ECDSA signatures are shorter.</summary>
    private const int MaxSignature = 512;

    public static TokenFault? Verify(InspectedToken token, VerificationKey key)
    {
        if (!key.Fits(token.Algorithm))
        {
            return TokenFault.Algorithm;
        }

        var text = token.Text.AsSpan();
        var dot = text.LastIndexOf('.');
        Span<byte> signature = stackalloc byte[MaxSignature + 3];
        var encoded = text[(dot + 1)..];
        if (encoded.Length > (MaxSignature * 4 / 3) + 1)
        {
            return TokenFault.BadSignature;
        }

        if (!StrictBase64Url.TryDecode(encoded, signature, out var signatureLength))
        {
            return TokenFault.Malformed;
        }

        var signed = ArrayPool<byte>.Shared.Rent(dot);
        try
        {
            // Base64url and dots only, as the inspection made sure.
            Encoding.ASCII.GetBytes(text[..dot], signed);
            Span<byte> digest = stackalloc byte[64];
            var digestLength = token.Algorithm.Hash(signed.AsSpan(0, dot), digest);
            return key.Verify(token.Algorithm, digest[..digestLength], signature[..signatureLength]) ? null : TokenFault.BadSignature;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(signed);
        }
    }
}
