using System.Net;

namespace MeshGrains.Identity.Tests;

/// <summary>The very bytes of what is signed: a change to any of them is a change of the profile and must be meant.</summary>
public sealed class GoldenBytesTests
{
    private static readonly TrustDomain Domain = TrustDomain.Parse("example.org");
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] FixedKey = Keys.Fixed().ExportSubjectPublicKeyInfo();

    [Fact]
    public void A_root_is_signed_over_these_bytes()
        => Assert.Equal(Golden.RootTbs, Convert.ToHexStringLower(CaCertificateWriter.BuildTbs(RootProfile(nameConstraint: false))));

    [Fact]
    public void A_root_with_a_name_constraint_is_signed_over_these_bytes()
        => Assert.Equal(Golden.ConstrainedRootTbs, Convert.ToHexStringLower(CaCertificateWriter.BuildTbs(RootProfile(nameConstraint: true))));

    [Fact]
    public void An_issuing_CA_is_signed_over_these_bytes()
        => Assert.Equal(Golden.IssuingCaTbs, Convert.ToHexStringLower(CaCertificateWriter.BuildTbs(IssuingProfile())));

    [Fact]
    public void A_leaf_is_signed_over_these_bytes()
    {
        using var key = Keys.Fixed();
        using var issuerKey = IssuerKey.FromManaged(key);
        var issuing = CaCertificateWriter.Assemble(CaCertificateWriter.BuildTbs(IssuingProfile()), SignatureAlgorithm.EcdsaSha256, [0x30, 0x00]);
        var tbs = X509SvidWriter.BuildTbs(Issuer.Create(issuerKey, issuing), new X509SvidRequest
        {
            Id = SpiffeId.FromPath(Domain, "/ns/default/sa/web"),
            SubjectPublicKeyInfo = FixedKey,
            Serial = new SerialNumber(UInt128.MaxValue),
            NotBefore = Start.AddSeconds(-30).AddMilliseconds(400),
            NotAfter = Start.AddHours(1),
            DnsNames = ["web.default.svc"],
            IpAddresses = [IPAddress.Loopback],
        });
        Assert.Equal(Golden.LeafTbs, Convert.ToHexStringLower(tbs));
    }

    [Fact]
    public void The_same_profile_gives_the_same_bytes_each_time()
        => Assert.Equal(CaCertificateWriter.BuildTbs(IssuingProfile()), CaCertificateWriter.BuildTbs(IssuingProfile()));

    private static CaCertificateProfile RootProfile(bool nameConstraint)
        => CaCertificateProfile.Root(Domain, FixedKey, new SerialNumber(0x0102), new Validity(Start, Start.AddYears(25)), nameConstraint);

    private static CaCertificateProfile IssuingProfile()
    {
        var root = CaCertificateWriter.Assemble(CaCertificateWriter.BuildTbs(RootProfile(false)), SignatureAlgorithm.EcdsaSha256, [0x30, 0x00]);
        return CaCertificateProfile.IssuingCa(
            Domain, FixedKey, ParsedCertificate.Read(root), new SerialNumber(0x80), new Validity(Start, Start.AddHours(72)));
    }
}
