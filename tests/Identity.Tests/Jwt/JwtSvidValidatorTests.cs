using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Identity.Tests;

public sealed class JwtSvidValidatorTests
{
    private const string Header = """{"alg":"ES256","kid":"key-1","typ":"JWT"}""";
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(2_000_000_000);
    private static readonly SpiffeBundle Bundle = new SpiffeBundle(TrustDomain.Parse("example.org")).WithJwtAuthorities([
        new JwtAuthority("key-1", Keys.P256.ExportSubjectPublicKeyInfo()), new JwtAuthority("key-2", Keys.P384.ExportSubjectPublicKeyInfo()),
        new JwtAuthority("key-3", Keys.Rsa2048.ExportSubjectPublicKeyInfo())]);

    [Theory]
    [InlineData(JwtAlgorithm.ES256, "key-1")]
    [InlineData(JwtAlgorithm.ES384, "key-2")]
    [InlineData(JwtAlgorithm.RS256, "key-3")]
    [InlineData(JwtAlgorithm.RS384, "key-3")]
    [InlineData(JwtAlgorithm.RS512, "key-3")]
    [InlineData(JwtAlgorithm.PS256, "key-3")]
    public void Every_allowed_algorithm_is_verified_with_a_key_that_fits(JwtAlgorithm algorithm, string keyId)
    {
        var token = Sign(Claims(), $$"""{"alg":"{{algorithm}}","kid":"{{keyId}}"}""", algorithm);
        Assert.True(Validate(token, out var svid, out _));
        Assert.Equal((algorithm, keyId), (svid!.Algorithm, svid.KeyId));
        Assert.Equal("spiffe://example.org/web", svid.Subject.ToString());
        Assert.Equal(["me", "other"], svid.Audience);
        Assert.Equal(Now.AddMinutes(5), svid.ExpiresAt);
    }

    [Theory]
    [InlineData("""{"alg":"none","kid":"key-1"}""", JwtSvidRefusal.Algorithm)]
    [InlineData("""{"alg":"HS256","kid":"key-1"}""", JwtSvidRefusal.Algorithm)]
    [InlineData("""{"alg":"ES512","kid":"key-1"}""", JwtSvidRefusal.Algorithm)]
    [InlineData("""{"alg":"PS384","kid":"key-3"}""", JwtSvidRefusal.Algorithm)]
    [InlineData("""{"alg":"es256","kid":"key-1"}""", JwtSvidRefusal.Algorithm)]
    [InlineData("""{"alg":0,"kid":"key-1"}""", JwtSvidRefusal.Algorithm)]
    [InlineData("""{"kid":"key-1"}""", JwtSvidRefusal.Algorithm)]
    [InlineData("""{"alg":"ES384","kid":"key-1"}""", JwtSvidRefusal.Algorithm)]
    [InlineData("""{"alg":"RS256","kid":"key-1"}""", JwtSvidRefusal.Algorithm)]
    [InlineData("""{"alg":"ES256"}""", JwtSvidRefusal.KeyIdMissing)]
    [InlineData("""{"alg":"ES256","kid":""}""", JwtSvidRefusal.KeyIdMissing)]
    [InlineData("""{"alg":"ES256","kid":"key-9"}""", JwtSvidRefusal.UnknownKey)]
    [InlineData("""{"alg":"ES256","kid":"key-1","typ":"at+jwt"}""", JwtSvidRefusal.Header)]
    [InlineData("""{"alg":"ES256","kid":"key-1","crit":["b64"]}""", JwtSvidRefusal.Header)]
    [InlineData("""{"alg":"ES256","alg":"none","kid":"key-1"}""", JwtSvidRefusal.Malformed)]
    [InlineData("""{"\u0061lg":"none","alg":"ES256","kid":"key-1"}""", JwtSvidRefusal.Malformed)]
    [InlineData("""["ES256"]""", JwtSvidRefusal.Malformed)]
    public void A_header_that_is_not_allowed_is_refused(string header, JwtSvidRefusal expected) => AssertRefused(Sign(Claims(), header), expected);

    [Theory]
    [InlineData("JWT")]
    [InlineData("JOSE")]
    public void Both_types_of_the_specification_are_taken(string type) =>
        Assert.True(Validate(Sign(Claims(), $$"""{"alg":"ES256","kid":"key-1","typ":"{{type}}"}"""), out _, out _));

    [Theory]
    [InlineData("""{"aud":["me"],"exp":2000000300}""", JwtSvidRefusal.Subject)]
    [InlineData("""{"aud":["me"],"exp":2000000300,"sub":"web"}""", JwtSvidRefusal.Subject)]
    [InlineData("""{"aud":["me"],"exp":2000000300,"sub":["spiffe://example.org/web"]}""", JwtSvidRefusal.Subject)]
    [InlineData("""{"aud":["me"],"exp":2000000300,"sub":"spiffe://other.org/web"}""", JwtSvidRefusal.UnknownTrustDomain)]
    [InlineData("""{"aud":["me"],"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.Times)]
    [InlineData("""{"aud":["me"],"exp":"2000000300","sub":"spiffe://example.org/web"}""", JwtSvidRefusal.Times)]
    [InlineData("""{"aud":["me"],"exp":1e300,"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.Times)]
    [InlineData("""{"aud":["me"],"exp":-1,"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.Times)]
    [InlineData("""{"exp":2000000300,"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.Audience)]
    [InlineData("""{"aud":[],"exp":2000000300,"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.Audience)]
    [InlineData("""{"aud":["ME"],"exp":2000000300,"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.Audience)]
    [InlineData("""{"aud":["me",7],"exp":2000000300,"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.Audience)]
    [InlineData("""{"aud":["me"],"exp":1999999939,"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.Expired)]
    [InlineData("""{"aud":["me"],"exp":2000000300,"nbf":2000000061,"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.NotYetValid)]
    [InlineData("""{"aud":["me"],"exp":2000000300,"iat":2000000061,"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.NotYetValid)]
    [InlineData("""{"aud":["me"],"exp":2000000300,"exp":2000000300,"sub":"spiffe://example.org/web"}""", JwtSvidRefusal.Malformed)]
    [InlineData("""{"aud":["me"],"exp":2000000300,"sub":"spiffe://example.org/web"} {}""", JwtSvidRefusal.Malformed)]
    public void Claims_that_do_not_hold_are_refused(string claims, JwtSvidRefusal expected) => AssertRefused(Sign(claims), expected);

    [Theory]
    [InlineData("""{"aud":"me","exp":2000000300,"sub":"spiffe://example.org/web"}""")]
    [InlineData("""{"aud":["me"],"exp":2000000300.7,"sub":"spiffe://example.org/web"}""")]
    [InlineData("""{"aud":["me"],"exp":1999999941,"sub":"spiffe://example.org/web"}""")]
    [InlineData("""{"aud":["me"],"exp":253402300799,"sub":"spiffe://example.org/web","more":{"a":[1,null]}}""")]
    public void What_the_specification_allows_is_taken(string claims) => Assert.True(Validate(Sign(claims), out _, out _));

    [Fact]
    public void The_bundle_of_another_trust_domain_is_never_used()
    {
        var foreign = new SpiffeBundle(TrustDomain.Parse("other.org")).WithJwtAuthorities(Bundle.JwtAuthorities);
        Assert.False(JwtSvidValidator.TryValidate(Sign(Claims()), "me", _ => foreign, Now, JwtSvidValidator.DefaultLeeway, out _, out var refusal));
        Assert.Equal(JwtSvidRefusal.UnknownTrustDomain, refusal);
    }

    [Fact]
    public void A_signature_of_another_form_or_key_is_refused()
    {
        var input = Encode(Header) + "." + Encode(Claims());
        var data = Encoding.ASCII.GetBytes(input);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var signature in (byte[][])
        [
            Keys.P256.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence), other.SignData(data, HashAlgorithmName.SHA256), new byte[64], [1],
        ])
        {
            AssertRefused($"{input}.{Base64Url.EncodeToString(signature)}", JwtSvidRefusal.Signature);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("..")]
    [InlineData("a.b.c.d")]
    [InlineData("e30.e30.")]
    [InlineData("e30.e30.AB")]
    [InlineData("e30=.e30.AA")]
    public void What_is_no_compact_JWS_is_refused(string token) => AssertRefused(token, JwtSvidRefusal.Malformed);

    [Fact]
    public void A_token_beyond_the_bound_is_not_even_decoded()
    {
        var token = Sign($$"""{"aud":["me"],"exp":2000000300,"sub":"spiffe://example.org/web","x":"{{new string('x', JwtSvid.MaxLength)}}"}""");
        AssertRefused(token, JwtSvidRefusal.Malformed);
    }

    [Fact]
    public void A_token_never_shows_in_its_text() => Assert.True(Validate(Sign(Claims()), out var svid, out _) && !svid!.ToString().Contains('.' + svid.Token.Split('.')[1], StringComparison.Ordinal));

    [Fact]
    public void Damaged_tokens_are_survived_and_none_is_believed_for_another()
    {
        var token = Sign(Claims());
        Mutations.Survive(Encoding.ASCII.GetBytes(token), damaged =>
        {
            var text = Encoding.Latin1.GetString(damaged);
            if (text != token && JwtSvidValidator.TryValidate(text, "me", _ => Bundle, Now, JwtSvidValidator.DefaultLeeway, out _, out _))
            {
                throw new InvalidOperationException($"Believed: {text}");
            }
        });
    }

    [Fact]
    public void Whatever_is_asked_for_is_read_back_as_it_was_written()
    {
        using var signer = JwtSigner.Create(JwtAlgorithm.ES256);
        var bundle = new SpiffeBundle(TrustDomain.Parse("example.org")).WithJwtAuthorities([new JwtAuthority(signer.KeyId, signer.SubjectPublicKeyInfo)]);
        Prop.ForAll<NonEmptyArray<NonEmptyString>, PositiveInt>((audiences, life) =>
        {
            var audience = audiences.Get.Take(JwtSvid.MaxAudiences).Select(text => text.Get).Where(IsUnicode).ToList();
            if (audience.Count == 0)
            {
                return true;
            }

            var token = JwtSvidWriter.Write(signer, new JwtSvidRequest
            {
                Subject = SpiffeId.Parse("spiffe://example.org/web"), Audience = audience, IssuedAt = Now, ExpiresAt = Now.AddSeconds(life.Get),
            });
            return JwtSvidValidator.TryValidate(token, audience[^1], _ => bundle, Now, TimeSpan.Zero, out var svid, out _)
                && svid.Audience.SequenceEqual(audience) && svid.ExpiresAt == Now.AddSeconds(life.Get) && svid.IssuedAt == Now;
        }).Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));
    }

    private static bool IsUnicode(string text) => !text.Any(char.IsSurrogate);

    private static string Claims() => """{"aud":["me","other"],"exp":2000000300,"iat":2000000000,"sub":"spiffe://example.org/web"}""";

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private static string Sign(string claims, string header = Header, JwtAlgorithm algorithm = JwtAlgorithm.ES256)
    {
        var input = $"{Encode(header)}.{Encode(claims)}";
        var data = Encoding.ASCII.GetBytes(input);
        var signature = algorithm switch
        {
            JwtAlgorithm.ES256 => Keys.P256.SignData(data, HashAlgorithmName.SHA256),
            JwtAlgorithm.ES384 => Keys.P384.SignData(data, HashAlgorithmName.SHA384),
            JwtAlgorithm.RS384 => Keys.Rsa2048.SignData(data, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1),
            JwtAlgorithm.RS512 => Keys.Rsa2048.SignData(data, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1),
            JwtAlgorithm.PS256 => Keys.Rsa2048.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            _ => Keys.Rsa2048.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        };
        return $"{input}.{Base64Url.EncodeToString(signature)}";
    }

    private static bool Validate(string token, out JwtSvid? svid, out JwtSvidRefusal refusal) => JwtSvidValidator.TryValidate(
        token, "me", domain => domain == Bundle.TrustDomain ? Bundle : null, Now, JwtSvidValidator.DefaultLeeway, out svid, out refusal);

    private static void AssertRefused(string token, JwtSvidRefusal expected)
    {
        Assert.False(Validate(token, out _, out var refusal));
        Assert.Equal(expected, refusal);
    }
}
