using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MeshGrains.Identity.Tests;

public sealed class SpiffeBundleTests
{
    private static readonly TrustDomain Domain = TrustDomain.Parse("example.org");
    private static readonly byte[] P256Root = new Pki().Root.Der.ToArray();
    private static readonly byte[] RsaRoot = new Pki(Keys.Rsa2048).Root.Der.ToArray();
    private static readonly byte[] P384Root = new Pki(Keys.P384).Root.Der.ToArray();
    private static readonly string X5c = Convert.ToBase64String(P256Root);

    [Fact]
    public void What_is_written_reads_back_the_same()
    {
        var bundle = new SpiffeBundle(Domain)
            .WithX509Authorities([P256Root, RsaRoot, P384Root])
            .WithJwtAuthorities([
                new JwtAuthority("a", Keys.P256.ExportSubjectPublicKeyInfo()), new JwtAuthority("b", Keys.Rsa2048.ExportSubjectPublicKeyInfo()),
                new JwtAuthority("c", Keys.P384.ExportSubjectPublicKeyInfo())])
            .WithSequence(ulong.MaxValue)
            .WithRefreshHint(TimeSpan.FromSeconds(300.5));
        var read = Read(bundle.WriteJwks());
        Assert.True(read.HasSameAuthorities(bundle));
        Assert.Equal(ulong.MaxValue, read.Sequence);
        Assert.Equal(TimeSpan.FromSeconds(300), read.RefreshHint);
        Assert.Equal(bundle.WriteJwks(), read.WriteJwks());
    }

    [Fact]
    public void An_empty_bundle_is_written_and_read()
    {
        var json = new SpiffeBundle(Domain).WriteJwks();
        Assert.Equal(0, JsonDocument.Parse(json).RootElement.GetProperty("keys").GetArrayLength());
        var read = Read(json);
        Assert.Empty(read.X509Authorities);
        Assert.Null(read.Sequence);
        Assert.Null(read.RefreshHint);
    }

    [Fact]
    public void Keys_are_written_as_the_specification_has_them()
    {
        var bundle = new SpiffeBundle(Domain).WithX509Authorities([P256Root]).WithJwtAuthorities([new JwtAuthority("id", Keys.Rsa2048.ExportSubjectPublicKeyInfo())]);
        var keys = JsonDocument.Parse(bundle.WriteJwks()).RootElement.GetProperty("keys");
        Assert.Equal(["use", "kty", "crv", "x", "y", "x5c"], keys[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal("x509-svid", keys[0].GetProperty("use").GetString());
        Assert.Equal(P256Root, keys[0].GetProperty("x5c")[0].GetBytesFromBase64());
        Assert.Equal(["use", "kid", "kty", "n", "e"], keys[1].EnumerateObject().Select(member => member.Name));
        Assert.Equal("AQAB", keys[1].GetProperty("e").GetString());
    }

    [Theory]
    [InlineData("""{"keys":[{"kty":"EC","x5c":["X5C"]}]}""")]
    [InlineData("""{"keys":[{"kty":"EC","use":"wit-svid","kid":"a"}]}""")]
    [InlineData("""{"keys":[{"kty":"EC","use":7,"x5c":["X5C"]}]}""")]
    [InlineData("""{"keys":[{"kty":"XX","use":"x509-svid","x5c":["X5C"]}]}""")]
    [InlineData("""{"keys":[{"kty":"oct","use":"jwt-svid","kid":"a","k":"AA"}]}""")]
    [InlineData("""{"keys":[{"use":"x509-svid","x5c":["X5C"]}]}""")]
    [InlineData("""{"keys":[{"kty":"EC","use":"x509-svid","x5c":[]}]}""")]
    [InlineData("""{"keys":[{"kty":"EC","use":"x509-svid"}]}""")]
    [InlineData("""{"keys":[{"kty":"EC","use":"jwt-svid","kid":"a","crv":"secp256k1","x":"AA","y":"AA"}]}""")]
    [InlineData("""{"keys":[], "spiffe_sequence": null, "other": {"nested": [1]}}""")]
    public void Keys_that_a_reader_shall_pass_over_leave_an_empty_bundle(string json)
    {
        var bundle = Read(Text(json));
        Assert.Empty(bundle.X509Authorities);
        Assert.Empty(bundle.JwtAuthorities);
    }

    [Fact]
    public void Only_the_first_certificate_of_a_key_counts_and_a_kid_does_no_harm()
    {
        var other = Convert.ToBase64String(RsaRoot);
        var bundle = Read(Text($$"""{"keys":[{"kty":"EC","use":"x509-svid","kid":"x","x5c":["X5C","{{other}}","garbage"]}]}"""));
        Assert.Equal(P256Root, Assert.Single(bundle.X509Authorities).Der);
    }

    [Fact]
    public void The_same_authority_twice_counts_once()
    {
        var bundle = Read(Text("""{"keys":[{"kty":"EC","use":"x509-svid","x5c":["X5C"]},{"kty":"EC","use":"x509-svid","x5c":["X5C"]}]}"""));
        Assert.Single(bundle.X509Authorities);
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("[]", "keys")]
    [InlineData("{}", "keys")]
    [InlineData("""{"keys":null}""", "keys")]
    [InlineData("""{"keys":{}}""", "keys")]
    [InlineData("""{"keys":[],"keys":[]}""", "twice")]
    [InlineData("""{"keys":[]} x""", "JSON")]
    [InlineData("""{"keys":[7]}""", "object")]
    [InlineData("""{"keys":[],"spiffe_sequence":-1}""", "spiffe_sequence")]
    [InlineData("""{"keys":[],"spiffe_sequence":1.5}""", "spiffe_sequence")]
    [InlineData("""{"keys":[],"spiffe_sequence":"1"}""", "spiffe_sequence")]
    [InlineData("""{"keys":[],"spiffe_sequence":18446744073709551616}""", "spiffe_sequence")]
    [InlineData("""{"keys":[],"spiffe_refresh_hint":-1}""", "spiffe_refresh_hint")]
    [InlineData("""{"keys":[],"spiffe_refresh_hint":99999999999}""", "spiffe_refresh_hint")]
    [InlineData("""{"keys":[{"kty":"EC","use":"x509-svid","x5c":"X5C"}]}""", "array")]
    [InlineData("""{"keys":[{"kty":"EC","use":"x509-svid","x5c":["###"]}]}""", "base64")]
    [InlineData("""{"keys":[{"kty":"EC","use":"x509-svid","x5c":[7]}]}""", "base64")]
    [InlineData("""{"keys":[{"kty":"EC","use":"x509-svid","x5c":["MAA="]}]}""", "Key 0")]
    [InlineData("""{"keys":[{"kty":"EC","use":"jwt-svid","crv":"P-256","x":"AA","y":"AA"}]}""", "kid")]
    [InlineData("""{"keys":[{"kty":"EC","use":"jwt-svid","kid":"","crv":"P-256","x":"AA","y":"AA"}]}""", "kid")]
    [InlineData("""{"keys":[{"kty":"EC","use":"jwt-svid","kid":"a","crv":"P-256","x":"AA","y":"AA"}]}""", "32 bytes")]
    [InlineData("""{"keys":[{"kty":"RSA","use":"jwt-svid","kid":"a","n":"AQAB","e":"AQAB"}]}""", "2048")]
    [InlineData("""{"keys":[{"kty":"RSA","use":"jwt-svid","kid":"a","n":"A QAB","e":"AQAB"}]}""", "base64url")]
    [InlineData("""{"keys":[{"kty":"\ud800","use":"jwt-svid"}]}""", "Unicode")]
    public void A_broken_bundle_is_refused_with_the_reason(string json, string reason)
    {
        Assert.False(SpiffeBundle.TryRead(Text(json), Domain, out var bundle, out var error));
        Assert.Null(bundle);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_JWT_keys_of_one_id_are_refused_unless_they_are_the_same()
    {
        var (one, two) = (new JwtAuthority("id", Keys.P256.ExportSubjectPublicKeyInfo()), new JwtAuthority("id", Keys.P384.ExportSubjectPublicKeyInfo()));
        Assert.Throws<ArgumentException>(() => new SpiffeBundle(Domain).WithJwtAuthorities([one, two]));
        Assert.Single(new SpiffeBundle(Domain).WithJwtAuthorities([one, one]).JwtAuthorities);

        var doubled = JsonOf(one)[..^1] + "," + JsonOf(two)[1..];
        Assert.False(SpiffeBundle.TryRead(Text($$"""{"keys":{{doubled}}}"""), Domain, out _, out var error));
        Assert.Contains("same 'kid'", error, StringComparison.Ordinal);
        Assert.Single(Read(Text($$"""{"keys":{{JsonOf(one)[..^1] + "," + JsonOf(one)[1..]}}}""")).JwtAuthorities);
    }

    [Fact]
    public void A_bundle_is_bounded_in_bytes_and_keys()
    {
        Assert.False(SpiffeBundle.TryRead(new byte[SpiffeBundle.MaxJsonBytes + 1], Domain, out _, out var error));
        Assert.Contains("at most", error, StringComparison.Ordinal);
        var keys = string.Join(',', Enumerable.Repeat("{}", SpiffeBundle.MaxKeys + 1));
        Assert.False(SpiffeBundle.TryRead(Text($$"""{"keys":[{{keys}}]}"""), Domain, out _, out error));
        Assert.Contains("at most", error, StringComparison.Ordinal);
        var deep = string.Concat(Enumerable.Repeat("[", 100)) + string.Concat(Enumerable.Repeat("]", 100));
        Assert.False(SpiffeBundle.TryRead(Text($$"""{"keys":[],"x":{{deep}}}"""), Domain, out _, out _));
    }

    [Fact]
    public void Damaged_bundles_are_read_or_refused_and_never_throw()
    {
        var bundle = new SpiffeBundle(Domain).WithX509Authorities([P256Root, RsaRoot])
            .WithJwtAuthorities([new JwtAuthority("a", Keys.P256.ExportSubjectPublicKeyInfo())]).WithSequence(7).WithRefreshHint(TimeSpan.FromMinutes(5));
        Mutations.Survive(bundle.WriteJwks(), bytes =>
        {
            if (SpiffeBundle.TryRead(bytes, Domain, out var read, out var error))
            {
                read.WriteJwks();
            }
            else
            {
                Assert.NotEmpty(error);
            }
        });
    }

    [Fact]
    public void PEM_holds_the_X509_authorities_in_order()
    {
        var bundle = new SpiffeBundle(Domain).WithX509Authorities([P256Root, RsaRoot]);
        Assert.True(PemBundle.TryRead(bundle.ToPem(), out var certificates, out _));
        Assert.Equal([P256Root, RsaRoot], certificates.Select(certificate => certificate.Der.ToArray()));
        Assert.Equal("", new SpiffeBundle(Domain).ToPem());
    }

    [Fact]
    public void A_key_that_no_bundle_describes_is_refused_when_given_and_passed_over_when_read()
    {
        var weak = RSA.Create(1024);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=weak", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var der = request.CreateSelfSigned(Pki.Now, Pki.Now.AddDays(1)).RawData;
        Assert.Throws<ArgumentException>(() => new SpiffeBundle(Domain).WithX509Authorities([der]));
        Assert.Empty(Read(Text($$"""{"keys":[{"kty":"RSA","use":"x509-svid","x5c":["{{Convert.ToBase64String(der)}}"]}]}""")).X509Authorities);
    }

    [Fact]
    public void A_set_keeps_each_domain_apart()
    {
        var (one, two) = (new SpiffeBundle(Domain), new SpiffeBundle(TrustDomain.Parse("two.org")));
        var set = SpiffeBundleSet.Empty.With(one).With(two).With(one.WithSequence(2));
        Assert.Equal(2, set.Count);
        Assert.True(set.TryGet(Domain, out var found));
        Assert.Equal(2ul, found.Sequence);
        Assert.False(set.Without(Domain).TryGet(Domain, out _));
    }

    private static string JsonOf(JwtAuthority authority)
        => JsonDocument.Parse(new SpiffeBundle(Domain).WithJwtAuthorities([authority]).WriteJwks()).RootElement.GetProperty("keys").GetRawText();

    private static byte[] Text(string json) => Encoding.UTF8.GetBytes(json.Replace("X5C", X5c, StringComparison.Ordinal));

    private static SpiffeBundle Read(byte[] json)
        => SpiffeBundle.TryRead(json, Domain, out var bundle, out var error) ? bundle : throw new InvalidOperationException(error);
}
