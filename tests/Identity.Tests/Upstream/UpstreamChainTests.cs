using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Identity.Tests;

public sealed class UpstreamChainTests
{
    private static readonly TrustDomain Domain = TrustDomain.Parse("example.org");
    private static readonly Forged Anchor = Corporate("corporate root").Make();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_good_chain_is_put_in_order_whatever_its_order_and_length(int intermediates)
    {
        var issuer = Anchor;
        var above = new List<Forged> { Anchor };
        for (var i = 0; i < intermediates; i++)
        {
            issuer = Corporate($"corporate {i}", issuer).Make();
            above.Insert(0, issuer);
        }

        var own = Own(issuer).Make();
        Assert.True(Check([.. above.AsEnumerable().Reverse(), own], out var chain, out var error), error);
        Assert.Equal(Hex([own, .. above]), chain!.Certificates.Select(certificate => Convert.ToHexString(certificate.Der.Span)));
        Assert.Equal(own.Der, chain.Own.Der.ToArray());
        Assert.Equal(Anchor.Der, chain.Anchor.Der.ToArray());
        Assert.Equal(intermediates + 1, chain.Above.Count);
    }

    [Fact]
    public void It_ends_with_the_first_of_its_certificates()
    {
        var middle = Corporate("middle", Anchor) with { NotAfter = Pki.Now.AddMinutes(7), NotBefore = Pki.Now.AddMinutes(-3) };
        var issuer = middle.Make();
        Assert.True(Check([Own(issuer).Make(), issuer, Anchor], out var chain, out _));
        Assert.Equal((Pki.Now.AddMinutes(-3), Pki.Now.AddMinutes(7)), (chain!.NotBefore, chain.NotAfter));
    }

    [Fact]
    public void SVIDs_below_it_are_accepted_by_whoever_trusts_the_outside_root_alone()
    {
        var middle = Corporate("middle", Anchor).Make();
        var further = Corporate("further", middle).Make();
        var own = Own(further).Make();
        Assert.True(Check([own, further, middle, Anchor], out var chain, out _));

        using var key = IssuerKey.Create();
        var profile = CaCertificateProfile.IssuingCa(
            Domain, key.SubjectPublicKeyInfo, chain!.Own, Pki.Serials.Next(), new Validity(Pki.Now.AddMinutes(-1), Pki.Now.AddDays(3)));
        var tbs = CaCertificateWriter.BuildTbs(profile);
        var issuing = CaCertificateWriter.Assemble(tbs, SignatureAlgorithm.EcdsaSha256, Keys.P256.SignData(tbs, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        var leaf = X509SvidWriter.Issue(Issuer.Create(key, issuing), new X509SvidRequest
        {
            Id = SpiffeId.FromPath(Domain, "/web"), SubjectPublicKeyInfo = key.SubjectPublicKeyInfo, Serial = Pki.Serials.Next(),
            NotBefore = Pki.Now.AddMinutes(-1), NotAfter = Pki.Now.AddMinutes(20),
        });
        var bundle = new SpiffeBundle(Domain).WithX509Authorities([chain.Anchor.Der]);

        var validation = X509SvidValidator.Validate(leaf, [issuing, own.Der, further.Der, middle.Der], bundle, Pki.Now);
        Assert.True(validation.IsValid, validation.Error);
        Assert.Equal(6, validation.Path.Count);
        Assert.False(X509SvidValidator.Validate(leaf, [issuing, own.Der, middle.Der], bundle, Pki.Now).IsValid);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "no root", "Append the issuer's certificate" },
        { "no own", "for the root's key" },
        { "own twice", "Two certificates" },
        { "self-issued", "issued by itself" },
        { "a stranger too", "Leave them out" },
        { "too many", "at most 4" },
        { "forged signature", "not signed by its key" },
        { "forged root", "not signed by its own key" },
        { "no CA", "(basicConstraints cA)" },
        { "no keyCertSign", "keyCertSign and cRLSign" },
        { "path length 0", "path length of 1 or none" },
        { "path length above", "path length of 1 or none" },
        { "other trust domain", "SPIFFE ID" },
        { "a workload's name", "SPIFFE ID" },
        { "expired", "Have it issued anew" },
        { "expired above", "Have it issued anew" },
        { "not yet valid", "clock" },
        { "purposes", "extended key usage" },
        { "names", "permits the URI host example.org" },
        { "excluded", "permits the URI host example.org" },
        { "unknown critical", "not critical" },
        { "no key identifier", "subject key identifier" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_would_break_SVIDs_below_is_refused_with_what_to_do(string what, string told)
    {
        var middle = Corporate("middle", Anchor).Make();
        var own = Own(middle);
        IReadOnlyList<Forged> given = what switch
        {
            "no root" => [own.Make(), middle],
            "no own" => [(own with { Key = Key() }).Make(), middle, Anchor],
            "own twice" => [own.Make(), own.Make(), middle, Anchor],
            "self-issued" => [Own(null).Make(), Anchor],
            "a stranger too" => [own.Make(), middle, Anchor, Corporate("stranger").Make()],
            "too many" => [own.Make(), middle, Anchor, middle, Anchor],
            "forged signature" => [(own with { SigningKey = Key() }).Make(), middle, Anchor],
            "forged root" => FakeRoot(),
            "no CA" => [(own with { IsCa = false, PathLength = null }).Make(), middle, Anchor],
            "no keyCertSign" => [(own with { Usage = X509KeyUsageFlags.CrlSign }).Make(), middle, Anchor],
            "path length 0" => [(own with { PathLength = 0 }).Make(), middle, Anchor],
            "path length above" => Under(Corporate("short", Anchor) with { PathLength = 1 }),
            "other trust domain" => [(own with { Uris = ["spiffe://other.org"] }).Make(), middle, Anchor],
            "a workload's name" => [(own with { Uris = ["spiffe://example.org/web"] }).Make(), middle, Anchor],
            "expired" => [(own with { NotAfter = Pki.Now.AddSeconds(-1) }).Make(), middle, Anchor],
            "expired above" => Under(Corporate("old", Anchor) with { NotAfter = Pki.Now.AddSeconds(-1) }),
            "not yet valid" => [(own with { NotBefore = Pki.Now.AddSeconds(1) }).Make(), middle, Anchor],
            "purposes" => Under(Corporate("mail", Anchor) with { Purposes = [Forge.ClientAuth] }),
            "names" => Under(Corporate("bound", Anchor) with { Extra = [Forge.PermittedUris("other.org")] }),
            "excluded" => Under(Corporate("bound", Anchor) with { Extra = [Forge.ExcludedUris("example.org")] }),
            "unknown critical" => [(own with { Extra = [new X509Extension("1.2.3.4", [5, 0], critical: true)] }).Make(), middle, Anchor],
            _ => Under(Corporate("nameless", Anchor) with { KeyIdentifiers = false }),
        };

        Assert.False(Check(given, out var chain, out var error));
        Assert.Null(chain);
        Assert.Contains(told, error, StringComparison.Ordinal);

        List<Forged> Under(Forge issuer)
        {
            var made = issuer.Make();
            return [Own(made).Make(), made, Anchor];
        }

        List<Forged> FakeRoot()
        {
            var root = (Corporate("fake root") with { SigningKey = Key() }).Make();
            return [Own(root).Make(), root];
        }
    }

    [Fact]
    public void Names_that_the_outside_CA_permits_pass()
    {
        var bound = (Corporate("bound", Anchor) with { Extra = [Forge.PermittedUris("example.org")] }).Make();
        Assert.True(Check([Own(bound).Make(), bound, Anchor], out _, out var error), error);
    }

    private static ECDsa Key() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static Forge Corporate(string name, Forged? issuer = null) => Forge.Ca(name, issuer) with { Uris = [], NotAfter = Pki.Now.AddYears(5) };

    private static Forge Own(Forged? issuer) => Forge.Ca("mesh root", issuer) with { Key = Keys.P256, PathLength = 1, NotAfter = Pki.Now.AddYears(1) };

    private static IEnumerable<string> Hex(IEnumerable<Forged> certificates) => certificates.Select(one => Convert.ToHexString(one.Der));

    private static bool Check(IEnumerable<Forged> given, out UpstreamChain? chain, out string? error) => UpstreamChain.TryCheck(
        [.. given.Select(one => ParsedCertificate.Read(one.Der))], Domain, Keys.P256.ExportSubjectPublicKeyInfo(), Pki.Now, out chain, out error);
}
