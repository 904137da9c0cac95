using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace MeshGrains.Identity;

/// <summary>Says whether a JWT-SVID may be believed (JWT-SVID sections 3 and 4). Thread-safe; never throws for what a stranger sent.</summary>
public static class JwtSvidValidator
{
    /// <summary>How far clocks may differ unless told otherwise: what go-spiffe and SPIRE allow.</summary>
    public static readonly TimeSpan DefaultLeeway = TimeSpan.FromMinutes(1);

    /// <param name="token">A compact JWS.</param>
    /// <param name="audience">Who asks; the token must name it.</param>
    /// <param name="bundleOf">The bundle of a trust domain, null when there is none. Only the subject's own is ever used.</param>
    /// <param name="now">The time.</param>
    /// <param name="leeway">How far clocks may differ.</param>
    /// <param name="svid">The believed token, null when it is refused.</param>
    /// <param name="refusal">Why; meaningless on success.</param>
    public static bool TryValidate(
        string? token, string audience, Func<TrustDomain, SpiffeBundle?> bundleOf, DateTimeOffset now, TimeSpan leeway,
        [NotNullWhen(true)] out JwtSvid? svid, out JwtSvidRefusal refusal)
    {
        ArgumentException.ThrowIfNullOrEmpty(audience);
        ArgumentNullException.ThrowIfNull(bundleOf);
        var read = JwtSvidReader.Read(token, out refusal);
        svid = null;
        if (read is null)
        {
            return false;
        }

        if (Refuse(read, audience, bundleOf, now, leeway) is { } refused)
        {
            refusal = refused;
            return false;
        }

        svid = read;
        return true;
    }

    private static JwtSvidRefusal? Refuse(JwtSvid svid, string audience, Func<TrustDomain, SpiffeBundle?> bundleOf, DateTimeOffset now, TimeSpan leeway)
    {
        // The cheap checks first: a stranger's flood shall not cost signatures.
        if (svid.ExpiresAt <= now - leeway)
        {
            return JwtSvidRefusal.Expired;
        }

        if (svid.NotBefore - leeway > now || svid.IssuedAt - leeway > now)
        {
            return JwtSvidRefusal.NotYetValid;
        }

        if (!svid.Audience.Contains(audience, StringComparer.Ordinal))
        {
            return JwtSvidRefusal.Audience;
        }

        if (bundleOf(svid.Subject.TrustDomain) is not { } bundle || bundle.TrustDomain != svid.Subject.TrustDomain)
        {
            return JwtSvidRefusal.UnknownTrustDomain;
        }

        if (bundle.JwtAuthorities.FirstOrDefault(authority => authority.KeyId == svid.KeyId) is not { } key)
        {
            return JwtSvidRefusal.UnknownKey;
        }

        return !svid.Algorithm.Fits(key.PublicKey.Kind) ? JwtSvidRefusal.Algorithm
            : Verify(svid, key.PublicKey) ? null
            : JwtSvidRefusal.Signature;
    }

    private static bool Verify(JwtSvid svid, in PublicKeyInfo key)
    {
        var data = Encoding.ASCII.GetBytes(svid.Token, 0, svid.SigningInputLength);
        try
        {
            if (key.Kind == KeyKind.Rsa)
            {
                using var rsa = key.ToRsa();
                return rsa.VerifyData(data, svid.Signature, svid.Algorithm.HashName(), svid.Algorithm.Padding());
            }

            if (key.Kind == KeyKind.P256)
            {
                return svid.Signature.Length == 64 && P256Verifier.Verify(key.KeyBits.Span, SHA256.HashData(data), EcdsaSignature.ToDer(svid.Signature));
            }

            using var ecdsa = key.ToECDsa();
            return ecdsa.VerifyData(data, svid.Signature, svid.Algorithm.HashName(), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
