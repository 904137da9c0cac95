using System.Buffers.Text;
using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Identity.Tests;

public sealed class StrictBase64UrlTests
{
    [Fact]
    public void What_is_encoded_is_decoded()
        => Prop.ForAll<byte[]>(bytes =>
        {
            var text = Base64Url.EncodeToString(bytes);
            var buffer = new byte[StrictBase64Url.MaxLength(text.Length)];
            return StrictBase64Url.TryDecode(text, buffer, out var length) && buffer.AsSpan(0, length).SequenceEqual(bytes);
        }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Whatever_is_decoded_has_exactly_that_one_spelling()
        => Prop.ForAll(Gen.ArrayOf(Gen.Elements("ABCZabcz0189-_+/= \n.".ToCharArray())).ToArbitrary(), characters =>
        {
            var text = new string(characters);
            var buffer = new byte[StrictBase64Url.MaxLength(text.Length)];
            return !StrictBase64Url.TryDecode(text, buffer, out var length) || Base64Url.EncodeToString(buffer.AsSpan(0, length)) == text;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
}
