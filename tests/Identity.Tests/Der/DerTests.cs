using System.Formats.Asn1;
using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Identity.Tests;

/// <summary>Reader and writer against .NET's own System.Formats.Asn1.</summary>
public sealed class DerTests
{
    [Fact]
    public void Any_content_is_wrapped_as_DotNet_wraps_it()
    {
        foreach (var length in (int[])[0, 1, 127, 128, 255, 256, 65535, 65536, 100_000])
        {
            var content = new byte[length];
            var writer = new DerWriter(new byte[length + 16]);
            writer.Value(DerTag.OctetString, content);
            var theirs = new AsnWriter(AsnEncodingRules.DER);
            theirs.WriteOctetString(content);
            Assert.Equal(theirs.Encode(), writer.Written.ToArray());
            var reader = new DerReader(writer.Written);
            Assert.True(reader.TryRead(DerTag.OctetString, out ReadOnlySpan<byte> read) && read.SequenceEqual(content) && reader.AtEnd);
        }
    }

    [Fact]
    public void Unsigned_numbers_are_written_and_read_as_DotNet_does()
        => Prop.ForAll<byte[]>(magnitude =>
        {
            magnitude ??= [];
            var writer = new DerWriter(new byte[magnitude.Length + 16]);
            writer.Unsigned(magnitude);
            var theirs = new AsnWriter(AsnEncodingRules.DER);
            var value = new BigInteger(magnitude, isUnsigned: true, isBigEndian: true);
            theirs.WriteInteger(value);
            var reader = new DerReader(writer.Written);
            var read = reader.TryReadUnsigned(out var range);
            return writer.Written.SequenceEqual(theirs.Encode()) && read && new BigInteger(writer.Written[range], isUnsigned: true, isBigEndian: true) == value;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Whatever_the_reader_takes_DotNet_takes_too()
    {
        var bytes = Gen.ListOf(Gen.Frequency((3, Gen.Elements<byte>(0x30, 0x02, 0x04, 0x05, 0x01, 0x03, 0x80, 0x81, 0x82, 0, 1, 2, 3)), (1, Gen.Choose(0, 255).Select(i => (byte)i))))
            .Select(list => list.ToArray());
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(20_000).WithQuietOnSuccess(true), Prop.ForAll(Arb.From(bytes), data =>
        {
            var reader = new DerReader(data);
            if (!reader.TryReadAny(out _, out var content))
            {
                return true;
            }

            var tag = AsnDecoder.ReadEncodedValue(data, AsnEncodingRules.DER, out var offset, out var length, out _);
            return offset == content.Start.Value && length == content.End.Value - content.Start.Value;
        }));
    }

    [Theory]
    [InlineData("3080050000" + "00")]
    [InlineData("308100")]
    [InlineData("30810505000500")]
    [InlineData("3082000100")]
    [InlineData("30850000000001" + "00")]
    [InlineData("3003")]
    [InlineData("30")]
    [InlineData("")]
    [InlineData("1f8101" + "00")]
    [InlineData("3084ffffffff")]
    public void What_is_not_DER_is_refused(string hex)
        => Assert.False(new DerReader(Convert.FromHexString(hex)).TryReadAny(out _, out Range _));

    [Theory]
    [InlineData("0200", false)]
    [InlineData("020100", true)]
    [InlineData("02020080", true)]
    [InlineData("02020001", false)]
    [InlineData("0202ff80", false)]
    [InlineData("0201ff", true)]
    public void Integers_are_in_their_shortest_form(string hex, bool valid)
        => Assert.Equal(valid, new DerReader(Convert.FromHexString(hex)).TryReadInteger(out _));

    [Theory]
    [InlineData("0101ff", true)]
    [InlineData("010100", true)]
    [InlineData("010101", false)]
    [InlineData("0100", false)]
    public void Booleans_have_two_values(string hex, bool valid)
        => Assert.Equal(valid, new DerReader(Convert.FromHexString(hex)).TryReadBoolean(out _));

    [Theory]
    [InlineData("03020780", true, 0x8000)]
    [InlineData("03020106", true, 0x0600)]
    [InlineData("0303070080", true, 0x0080)]
    [InlineData("030100", true, 0)]
    [InlineData("030206C1", false, 0)]
    [InlineData("03020680", false, 0)]
    [InlineData("03020880", false, 0)]
    [InlineData("0300", false, 0)]
    [InlineData("030101", false, 0)]
    public void Named_bits_have_no_trailing_zeros(string hex, bool valid, int bits)
    {
        Assert.Equal(valid, new DerReader(Convert.FromHexString(hex)).TryReadNamedBits(out var value));
        Assert.Equal(valid ? bits : value, value);
    }

    [Theory]
    [InlineData("1950-01-01T00:00:00Z", DerTag.UtcTime)]
    [InlineData("2049-12-31T23:59:59Z", DerTag.UtcTime)]
    [InlineData("2050-01-01T00:00:00Z", DerTag.GeneralizedTime)]
    [InlineData("1949-12-31T23:59:59Z", DerTag.GeneralizedTime)]
    [InlineData("2028-02-29T12:34:56Z", DerTag.UtcTime)]
    [InlineData("9999-12-31T23:59:59Z", DerTag.GeneralizedTime)]
    public void Times_change_their_form_in_2050_and_read_back(string text, byte tag)
    {
        var instant = DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        var writer = new DerWriter(new byte[32]);
        DerTime.Write(ref writer, instant.ToOffset(TimeSpan.FromHours(-5)));
        Assert.Equal(tag, writer.Written[0]);
        var reader = new DerReader(writer.Written);
        Assert.True(DerTime.TryRead(ref reader, out var read));
        Assert.Equal(instant, read);
    }

    [Theory]
    [InlineData("2001010000Z")]
    [InlineData("200101000000+0000")]
    [InlineData("201301000000Z")]
    [InlineData("200230000000Z")]
    [InlineData("200101240000Z")]
    [InlineData("200101006000Z")]
    [InlineData("200101000060Z")]
    [InlineData("2001010000 0Z")]
    [InlineData("200101000000z")]
    [InlineData("")]
    public void Times_of_another_form_are_refused(string text)
    {
        var writer = new DerWriter(new byte[64]);
        writer.Ascii(DerTag.UtcTime, text);
        var reader = new DerReader(writer.Written);
        Assert.False(DerTime.TryRead(ref reader, out _));
    }
}
