using FsCheck;
using FsCheck.Fluent;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class IssuanceRecordEncodingTests
{
    [Fact]
    public void The_bytes_of_a_leaf_never_change()
    {
        // kind; 16 bytes of serial; path under the trust domain; times; request id; caller; registration; bundle number; hash.
        const string Golden =
            "014100000000000000000000000000000001562F6E732F73686F702F73612F736572766963652D31" + "88E1DE8D0E983978" + "00"
            + "4100112233445566778899AABBCCDDEEFF" + "486B38733A70726F642F73686F702F63617274" + "41FFEEDDCCBBAA99887766554433221100" + "0E";
        var record = Records.Leaf(1);
        var buffer = new BinaryBuffer(16);
        IssuanceRecordEncoding.Write(buffer, record);

        Assert.Equal(Golden + Convert.ToHexString(record.DerSha256.Span), Convert.ToHexString(buffer.Written));
    }

    [Fact]
    public void A_JWT_SVIDs_record_has_a_kind_of_its_own_and_the_layout_of_every_other()
    {
        var (leaf, token) = (new BinaryBuffer(16), new BinaryBuffer(16));
        IssuanceRecordEncoding.Write(leaf, Records.Leaf(1));
        IssuanceRecordEncoding.Write(token, Records.Leaf(1) with { Kind = IssuanceRecordKind.JwtSvid });

        Assert.Equal(4, token.Written[0]);
        Assert.Equal(leaf.Written[1..].ToArray(), token.Written[1..].ToArray());
        Assert.Equal(IssuanceRecordKind.JwtSvid, IssuanceRecordEncoding.Read(token.Written, Records.TrustDomain, Records.Issuer).Kind);
    }

    [Fact]
    public void Every_record_reads_back_as_it_was_written()
        => Prop.ForAll(ArbitraryRecord(), record =>
        {
            var buffer = new BinaryBuffer(16);
            IssuanceRecordEncoding.Write(buffer, record);
            var read = IssuanceRecordEncoding.Read(buffer.Written, record.TrustDomain, record.IssuerAuthorityId);
            var again = new BinaryBuffer(16);
            IssuanceRecordEncoding.Write(again, read);
            return read with { DerSha256 = default } == record with { DerSha256 = default }
                && read.DerSha256.Span.SequenceEqual(record.DerSha256.Span)
                && again.Written.SequenceEqual(buffer.Written);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Arbitrary_bytes_read_as_a_record_or_are_refused_and_what_reads_has_one_encoding()
        => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => ReadsCanonicallyOrNot(bytes)).QuickCheckThrowOnFailure();

    [Fact]
    public void A_changed_byte_gives_another_record_or_none()
    {
        var buffer = new BinaryBuffer(16);
        IssuanceRecordEncoding.Write(buffer, Records.Leaf(1));
        var bytes = buffer.Written.ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                bytes[i] ^= (byte)(1 << bit);
                Assert.True(ReadsCanonicallyOrNot(bytes));
                bytes[i] ^= (byte)(1 << bit);
            }
        }
    }

    [Fact]
    public void A_record_of_more_than_16_KB_is_refused()
        => Assert.Throws<ArgumentException>(() => IssuanceRecordEncoding.Write(new BinaryBuffer(16), Records.Leaf(1) with { Caller = new string('é', 9000) }));

    [Fact]
    public void A_hash_of_another_length_is_refused()
        => Assert.Throws<ArgumentException>(() => IssuanceRecordEncoding.Write(new BinaryBuffer(16), Records.Leaf(1) with { DerSha256 = new byte[20] }));

    private static bool ReadsCanonicallyOrNot(ReadOnlySpan<byte> bytes)
    {
        IssuanceRecord record;
        try
        {
            record = IssuanceRecordEncoding.Read(bytes, Records.TrustDomain, Records.Issuer);
        }
        catch (FormatException)
        {
            return true;
        }

        try
        {
            var again = new BinaryBuffer(16);
            IssuanceRecordEncoding.Write(again, record);
            return again.Written.SequenceEqual(bytes);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static Arbitrary<IssuanceRecord> ArbitraryRecord()
    {
        var text = Gen.OneOf(
            ArbMap.Default.GeneratorFor<NonNull<string>>().Select(value => WellFormed(value.Get)),
            Gen.Elements("", "00112233445566778899aabbccddeeff", "abc", "k8s:prod/shop/cart", "spiffe://mesh.local", "spiffe://mesh.local/a", "spiffe://mesh.localhost/a"));
        var seconds = Gen.Choose(0, int.MaxValue).Select(value => DateTimeOffset.FromUnixTimeSeconds(value));
        var time = Gen.OneOf(seconds, Gen.Elements(DateTimeOffset.MinValue, DateTimeOffset.UnixEpoch));
        var generator =
            from kind in Gen.Elements(Enum.GetValues<IssuanceRecordKind>())
            from serial in Gen.Choose(1, 32).SelectMany(length => ArbMap.Default.GeneratorFor<byte>().ArrayOf(length))
            from spiffeId in text
            from times in time.ArrayOf(4)
            from texts in text.ArrayOf(3)
            from bundle in ArbMap.Default.GeneratorFor<long>()
            from hash in ArbMap.Default.GeneratorFor<byte>().ArrayOf(32)
            select new IssuanceRecord(
                kind, Records.TrustDomain, Convert.ToHexStringLower(serial), spiffeId, Records.Issuer, times[0], times[1], texts[0], texts[1], texts[2],
                times[2], bundle, hash, times[3]);
        return generator.ToArbitrary();
    }

    private static string WellFormed(string text) => new([.. text.Where(character => !char.IsSurrogate(character))]);
}
