using System.Security.Cryptography;
using System.Text.Json;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Bench.Tests.Rotation;

public sealed class ForgedChainTests
{
    private static readonly TrustDomain Domain = TrustDomain.Parse("first.mesh");

    [Theory]
    [InlineData("spiffe://first.mesh/client", true)]
    [InlineData("spiffe://second.mesh/client", false)]
    public void A_forged_certificate_holds_but_for_the_name_of_another_domain(string name, bool valid)
    {
        using var folder = new TempDirectory();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = Root(key);
        WriteVault(folder.File("vault.json"), other, key);
        using var forged = ForgedChain.Under(ParsedCertificate.Read(root), folder.File("vault.json"));

        var (leaf, others) = forged.Chain(SpiffeId.Parse(name));
        var validation = X509SvidValidator.Validate(leaf, others, new SpiffeBundle(Domain).WithX509Authorities([root]), DateTimeOffset.UtcNow);

        Assert.True(valid == validation.IsValid, validation.Error);
    }

    [Fact]
    public void A_root_whose_key_the_vault_has_not_cannot_be_forged_under()
    {
        using var folder = new TempDirectory();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        WriteVault(folder.File("vault.json"), other);

        Assert.Throws<InvalidDataException>(() => ForgedChain.Under(ParsedCertificate.Read(Root(key)), folder.File("vault.json")));
    }

    private static byte[] Root(ECDsa key)
    {
        var now = DateTimeOffset.UtcNow;
        var profile = CaCertificateProfile.Root(
            Domain, key.ExportSubjectPublicKeyInfo(), RandomSerialSource.Shared.Next(), Validity.ForLeaf(now, TimeSpan.FromDays(1), now.AddDays(1), TimeSpan.FromMinutes(1)));
        var tbs = CaCertificateWriter.BuildTbs(profile);
        return CaCertificateWriter.Assemble(
            tbs, profile.SignatureAlgorithm, key.SignHash(CaCertificateWriter.Digest(tbs, profile.SignatureAlgorithm), DSASignatureFormat.Rfc3279DerSequence));
    }

    private static void WriteVault(string file, params ECDsa[] keys) => File.WriteAllBytes(
        file, JsonSerializer.SerializeToUtf8Bytes(new { Keys = keys.Select(key => new { KeyType = "EC", PrivateKey = key.ExportPkcs8PrivateKey() }) }));
}
