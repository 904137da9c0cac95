using FsCheck;
using FsCheck.Fluent;
using MeshGrains.Rpc.Wire;

namespace MeshGrains.Rpc.Tests;

public sealed class HeaderCodecTests
{
    [Theory]
    [InlineData("1H", 3_600_000_000_0L)]
    [InlineData("1M", 60_000_000_0L)]
    [InlineData("1S", 1_000_000_0L)]
    [InlineData("1m", 1_000_0L)]
    [InlineData("1u", 10L)]
    [InlineData("1n", 1L)]
    [InlineData("100n", 1L)]
    [InlineData("101n", 2L)]
    [InlineData("0S", 0L)]
    [InlineData("99999999m", 99_999_999L * 10_000)]
    public void Timeouts_are_read_in_every_unit(string text, long ticks)
    {
        Assert.True(GrpcTimeout.TryParse(text, out TimeSpan timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Fact]
    public void A_timeout_longer_than_any_timer_is_as_long_as_a_timer_can_be()
    {
        Assert.True(GrpcTimeout.TryParse("99999999H", out TimeSpan timeout));
        Assert.Equal(GrpcTimeout.Longest, timeout);
    }

    [Fact]
    public void A_written_timeout_is_read_as_the_same_or_a_thousandth_longer() =>
        Prop.ForAll<long>(ticks =>
        {
            TimeSpan timeout = TimeSpan.FromTicks(Math.Abs(ticks % GrpcTimeout.Longest.Ticks));
            string text = GrpcTimeout.Format(timeout);
            return text.Length <= 9 && GrpcTimeout.TryParse(text, out TimeSpan read)
                && read >= timeout && read - timeout <= TimeSpan.FromTicks(10 + timeout.Ticks / 1000);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_text_breaks_the_timeout_reader() =>
        Prop.ForAll<string?>(text => GrpcTimeout.TryParse(text ?? string.Empty, out TimeSpan timeout) ? timeout >= TimeSpan.Zero : timeout == TimeSpan.Zero)
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_message_survives_its_encoding_and_stays_printable() =>
        Prop.ForAll<string?>(text =>
        {
            // A lone surrogate is no character and becomes U+FFFD.
            string sane = string.Concat((text ?? string.Empty).EnumerateRunes().Select(rune => rune.ToString()));
            string encoded = GrpcMessage.Encode(sane);
            return encoded.All(c => c is >= ' ' and <= '~') && GrpcMessage.Decode(encoded) == sane;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("100%", "100%")]
    [InlineData("%zz", "%zz")]
    [InlineData("%41%4", "A%4")]
    [InlineData("%C3%BC", "ü")]
    public void Broken_escapes_stand_for_themselves(string text, string expected) => Assert.Equal(expected, GrpcMessage.Decode(text));

    [Theory]
    [InlineData("100%41", "100%2541")]
    [InlineData("ü\n", "%C3%BC%0A")]
    [InlineData(" ~", " ~")]
    public void What_is_not_printable_and_the_percent_sign_itself_are_escaped(string text, string expected) => Assert.Equal(expected, GrpcMessage.Encode(text));

    [Fact]
    public void A_binary_header_is_written_without_padding() => Assert.Equal("AQ", BinaryHeader.Encode([1]));

    [Fact]
    public void A_long_message_is_cut_between_characters()
    {
        string encoded = GrpcMessage.Encode(new string('ü', 5000));
        Assert.InRange(encoded.Length, GrpcMessage.MaxEncodedLength - 6, GrpcMessage.MaxEncodedLength);
        Assert.DoesNotContain('\uFFFD', GrpcMessage.Decode(encoded));
    }

    [Fact]
    public void Bytes_survive_a_binary_header_with_and_without_padding() =>
        Prop.ForAll<byte[]>(bytes =>
            BinaryHeader.TryDecode(BinaryHeader.Encode(bytes), out byte[] bare) && bare.AsSpan().SequenceEqual(bytes)
            && BinaryHeader.TryDecode(Convert.ToBase64String(bytes), out byte[] padded) && padded.AsSpan().SequenceEqual(bytes))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void No_text_breaks_the_base64_reader() =>
        Prop.ForAll<string?>(text => BinaryHeader.TryDecode(text ?? string.Empty, out byte[] value) || value.Length == 0).QuickCheckThrowOnFailure();

    [Fact]
    public void Several_binary_values_on_one_line_are_several_entries()
    {
        var metadata = new RpcMetadata();
        Assert.True(BinaryHeader.TryAdd(metadata, "x-bin", "AQ, AgM="));
        Assert.Equal([[1], [2, 3]], metadata.Select(entry => entry.Binary!));
    }

    [Theory]
    [InlineData("grpc-status")]
    [InlineData("content-type")]
    [InlineData(":path")]
    [InlineData("te")]
    [InlineData("with space")]
    [InlineData("umlaut-ü")]
    [InlineData("x-bin")]
    public void Metadata_keys_that_are_not_the_applications_are_refused_for_text(string key) =>
        Assert.Throws<ArgumentException>(() => new RpcMetadata { { key, "value" } });

    [Theory]
    [InlineData("grpc-trace-bin")]
    [InlineData("x")]
    public void Metadata_keys_that_are_not_the_applications_are_refused_for_bytes(string key) =>
        Assert.Throws<ArgumentException>(() => new RpcMetadata { { key, new byte[] { 1 } } });

    [Theory]
    [InlineData("line\nbreak")]
    [InlineData("ümlaut")]
    public void Metadata_values_that_no_header_can_carry_are_refused(string value) =>
        Assert.Throws<ArgumentException>(() => new RpcMetadata { { "key", value } });
}
