using System.Security.Cryptography;

namespace MeshGrains.Identity.Tests;

/// <summary>Keys made once for the whole run, since making RSA keys is slow.</summary>
internal static class Keys
{
    /// <summary>The private scalar of <see cref="Fixed"/>.</summary>
    private static readonly byte[] FixedScalar = Convert.FromHexString("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");

    public static ECDsa P256 { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static ECDsa P384 { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    public static RSA Rsa2048 { get; } = RSA.Create(2048);

    /// <summary>The P-256 key of RFC 6979 appendix A.2.5, always the same.</summary>
    public static ECDsa Fixed() => ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = FixedScalar });

    public static AsymmetricAlgorithm Of(KeyKind kind) => kind switch
    {
        KeyKind.P256 => P256,
        KeyKind.P384 => P384,
        KeyKind.Rsa => Rsa2048,
        _ => throw new NotSupportedException(),
    };

    public static byte[] Csr(AsymmetricAlgorithm key) => key switch
    {
        ECDsa ecdsa => CertificateSigningRequestWriter.Write(ecdsa),
        RSA rsa => CertificateSigningRequestWriter.Write(rsa),
        _ => throw new NotSupportedException(),
    };
}
