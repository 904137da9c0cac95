using MeshGrains.Grains;
using MeshGrains.Identity;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Silo.Tests;

/// <summary>Numbered bundles of roots made on the spot; the same number gives the same bundle.</summary>
internal static class Bundles
{
    private static readonly byte[][] Roots = [.. Enumerable.Range(0, 4).Select(Root)];

    public static SpiffeBundle Numbered(long number, string trustDomain = "mesh.test") => new SpiffeBundle(TrustDomain.Parse(trustDomain))
        .WithX509Authorities([Roots[0], Roots[1 + (number % 3)]])
        .WithSequence((ulong)number)
        .WithRefreshHint(TimeSpan.FromMinutes(5));

    public static PublishedBundle Published(long number, string trustDomain = "mesh.test") => new(Numbered(number, trustDomain));

    private static byte[] Root(int index)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=root {index}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(new DateTimeOffset(2029, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2039, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return made.RawData;
    }
}
