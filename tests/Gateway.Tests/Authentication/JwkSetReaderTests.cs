using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.Authentication;

public sealed class JwkSetReaderTests
{
    private static VerificationKeySet Read(string json) => JwkSetReader.Read(Encoding.UTF8.GetBytes(json), VerificationKeySet.Empty);

    private static string Set(params JsonNode[] keys) => new JsonObject { ["keys"] = new JsonArray(keys) }.ToJsonString();

    private static JsonObject Key(KubernetesTokens issuer) => JsonNode.Parse(issuer.Jwks())!["keys"]![0]!.DeepClone().AsObject();

    [Theory]
    [InlineData("use", "enc")]
    [InlineData("kty", "OKP")]
    [InlineData("crv", "P-521")]
    [InlineData("alg", "ES384")]
    [InlineData("alg", "HS256")]
    [InlineData("kid", "")]
    public void Keys_for_something_else_are_passed_over(string member, string value)
    {
        using var issuer = new KubernetesTokens("ES256");
        using var second = new KubernetesTokens("ES256");
        var other = Key(issuer);
        other[member] = value;
        var keys = Read(Set(other, Key(second)));
        Assert.Equal(1, keys.Count);
        Assert.True(keys.TryGet(second.KeyId, out _));
    }

    [Fact]
    public void Weak_or_monstrous_RSA_keys_are_passed_over()
    {
        using var good = new KubernetesTokens("ES256");
        using var weak = new KubernetesTokens("ES256");
        weak.AddKey("RS256", 1024);
        var weakKey = JsonNode.Parse(weak.Jwks())!["keys"]![1]!.DeepClone();
        var exponent = weakKey.DeepClone();
        exponent["kid"] = "exponent";
        exponent["e"] = "Aw";
        var huge = weakKey.DeepClone();
        huge["kid"] = "huge";
        huge["n"] = System.Buffers.Text.Base64Url.EncodeToString([.. Enumerable.Repeat((byte)0xff, 700)]);
        Assert.Equal(1, Read(Set(Key(good), weakKey, exponent, huge)).Count);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("""{"keys":{}}""")]
    [InlineData("""{"keys":[]}""")]
    [InlineData("""{"keys":[1]}""")]
    [InlineData("""{"keys":[],"keys":[]}""")]
    [InlineData("""{"keys":[{"kty":"RSA","kid":"a"}]}""")]
    [InlineData("""{"keys":[{"kty":"RSA","kid":"a","n":7,"e":"AQAB"}]}""")]
    [InlineData("""{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AA","y":"AA"}]}""")]
    [InlineData("""{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"!!","y":"AA"}]}""")]
    public void What_is_no_usable_key_set_is_said_to_be_so(string json)
        => Assert.Throws<SourceUnavailableException>(() => Read(json));

    [Fact]
    public void A_point_off_the_curve_is_refused()
    {
        using var issuer = new KubernetesTokens("ES256");
        var key = Key(issuer);
        key["x"] = key["y"]!.GetValue<string>();
        Assert.Throws<SourceUnavailableException>(() => Read(Set(key)));
    }

    [Theory]
    [InlineData("d")]
    [InlineData("k")]
    public void A_set_with_a_private_or_shared_key_is_refused(string member)
    {
        using var issuer = new KubernetesTokens("ES256");
        var key = Key(issuer);
        key[member] = "AAAA";
        Assert.Throws<SourceUnavailableException>(() => Read(Set(key)));
    }

    [Fact]
    public void Two_keys_of_one_kid_are_refused()
    {
        using var issuer = new KubernetesTokens("ES256");
        using var second = new KubernetesTokens("ES256");
        var other = Key(second);
        other["kid"] = issuer.KeyId;
        Assert.Throws<SourceUnavailableException>(() => Read(Set(Key(issuer), other)));
    }

    [Fact]
    public void A_set_has_bounds()
    {
        using var issuer = new KubernetesTokens("ES256");
        Assert.Throws<SourceUnavailableException>(() => Read(Set([.. Enumerable.Range(0, 101).Select(_ => Key(issuer))])));
        Assert.Throws<SourceUnavailableException>(() => Read(new string(' ', JwkSetReader.MaxBytes + 1)));
    }

    [Fact]
    public void The_same_key_read_again_keeps_its_imported_form()
    {
        using var issuer = new KubernetesTokens("ES256");
        var first = Read(issuer.Jwks());
        var id = issuer.KeyId;
        issuer.AddKey("ES256");
        var second = JwkSetReader.Read(Encoding.UTF8.GetBytes(issuer.Jwks()), first);
        Assert.True(first.TryGet(id, out var before) && second.TryGet(id, out var after) && ReferenceEquals(before, after));
        Assert.Equal(2, second.Count);
    }

    [Fact]
    public void No_damaged_set_does_worse_than_be_refused()
    {
        using var issuer = new KubernetesTokens("RS256");
        issuer.AddKey("ES256");
        var bytes = Encoding.UTF8.GetBytes(issuer.Jwks());
        Prop.ForAll<int, byte, int>((at, value, cut) =>
        {
            var damaged = (byte[])bytes.Clone();
            damaged[(int)((uint)at % damaged.Length)] = value;
            damaged = cut % 3 == 0 ? damaged[..(int)((uint)cut % damaged.Length)] : damaged;
            try
            {
                return JwkSetReader.Read(damaged, VerificationKeySet.Empty).Count > 0;
            }
            catch (SourceUnavailableException)
            {
                return true;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }
}
