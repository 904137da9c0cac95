using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.Authentication;

public sealed class TokenFuzzTests : IDisposable
{
    private readonly TokenHarness _harness = new("ES256");

    public void Dispose() => _harness.Dispose();

    private Grains.Refusal? Judge(string token) => _harness.VerifyAsync(token).AsTask().GetAwaiter().GetResult().Refusal;

    [Fact]
    public void No_text_is_taken_for_a_token_or_thrown_at()
        => Prop.ForAll<string?>(text => Judge(text ?? "") is { Code: Grains.RefusalCode.Unauthenticated })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void A_token_with_one_character_changed_is_refused()
    {
        var good = _harness.Issuer.Create();
        Assert.Null(Judge(good));
        Prop.ForAll<int, char>((at, c) =>
        {
            var characters = good.ToCharArray();
            ref var changed = ref characters[(int)((uint)at % characters.Length)];
            if (changed == c)
            {
                return true;
            }

            changed = c;
            return Judge(new string(characters)) is { Code: Grains.RefusalCode.Unauthenticated };
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void A_signed_payload_with_bytes_changed_is_refused_or_still_says_who_it_is()
    {
        var good = _harness.Issuer.Create();
        var parts = good.Split('.');
        var payload = Base64Url.DecodeFromChars(parts[1]);
        Prop.ForAll<int, int, ushort>((first, second, values) =>
        {
            var changed = (byte[])payload.Clone();
            changed[(int)((uint)first % changed.Length)] = (byte)values;
            changed[(int)((uint)second % changed.Length)] = (byte)(values >> 8);

            // Signed by the issuer's own key, so that all but the signature is what is tested.
            var token = _harness.Issuer.SignBytes(Base64Url.DecodeFromChars(parts[0]), changed);
            var result = _harness.VerifyAsync(token).AsTask().GetAwaiter().GetResult();
            return !result.Succeeded || (result.Caller.Fact("k8s", "sa-uid") is { Length: > 0 } && result.Caller.Fact("k8s", "pod-uid") is { Length: > 0 }
                && KubernetesNames.IsLabel(Encoding.UTF8.GetBytes(result.Caller.Fact("k8s", "ns") ?? "")));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Theory]
    [InlineData("[", "")]
    [InlineData("{\"a\":", "")]
    [InlineData("{\"aud\":[", "\"a\",")]
    [InlineData("{\"a\":\"", "\\u0000")]
    [InlineData("{", "\"a\":1,")]
    [InlineData("{\"kubernetes.io\":", "{\"x\":")]
    public void Hostile_JSON_of_full_size_is_refused_quickly(string start, string repeated)
    {
        var json = new StringBuilder(start);
        while (json.Length < 11_000)
        {
            json.Append(repeated.Length == 0 ? start : repeated);
        }

        var header = _harness.Issuer.Create().Split('.')[0];
        string[] tokens =
        [
            $"{header}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToString()))}.AAAA",
            $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToString()[..1500]))}.e30.AAAA",
        ];
        foreach (var token in tokens)
        {
            Assert.Equal("token_malformed", Judge(token)!.Reason);
            var fastest = Enumerable.Range(0, 20).Min(_ =>
            {
                var clock = Stopwatch.StartNew();
                Judge(token);
                return clock.Elapsed;
            });

            // A few hundred microseconds even on a slow machine; the best of twenty tells nothing about its neighbours' load.
            Assert.InRange(fastest, TimeSpan.Zero, TimeSpan.FromMilliseconds(5));
        }
    }
}
