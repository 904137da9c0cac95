using System.Security.Cryptography;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

/// <summary>A silo's bootstrap identity under an anchor of its own.</summary>
internal sealed class TestBootstrap : ISiloBootstrap
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestBootstrap(BootstrapAuthority anchor, string trustDomain, string silo, DateTimeOffset now, string role = BootstrapNames.SiloRole)
    {
        Chain = [anchor.Issue(role, silo, _key.ExportSubjectPublicKeyInfo(), [], TimeSpan.FromDays(30), new RandomSerialSource(), now)];
        Anchors = new SpiffeBundle(BootstrapNames.TrustDomainOf(trustDomain)).WithX509Authorities([anchor.CertificateDer]);
    }

    public IReadOnlyList<byte[]> Chain { get; }

    public SpiffeBundle Anchors { get; }

    public static BootstrapAuthority NewAnchor(string trustDomain, DateTimeOffset now) =>
        BootstrapAuthority.Create(trustDomain, TimeSpan.FromDays(365), new RandomSerialSource(), now);

    public byte[] Sign(ReadOnlySpan<byte> statement) =>
        _key.SignData(statement.ToArray(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
}
