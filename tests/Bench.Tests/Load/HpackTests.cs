using System.Text;

namespace MeshGrains.Bench.Tests;

public sealed class HpackTests
{
    [Fact]
    public void Later_headers_refer_to_what_the_first_ones_put_into_the_table()
    {
        var (first, later) = Hpack.CommonHeaders(tls: true, "localhost:1", "/a.B/C");
        Assert.Contains("/a.B/C", Encoding.ASCII.GetString(first), StringComparison.Ordinal);
        Assert.Equal([0x83, 0x87, 0xC1, 0xC0, 0xBF, 0xBE], later);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(1000)]
    [InlineData(20000)]
    public void A_long_token_is_written_with_its_length(int length)
    {
        var block = Hpack.Bearer(new string('t', length - "Bearer ".Length));
        Assert.Equal(0x1F, block[0]);
        Assert.Equal(23 - 15, block[1]);
        Assert.Equal(length, block.Length - (length < 127 ? 3 : length < 127 + 128 ? 4 : length < 127 + 16384 ? 5 : 6));
    }

    [Fact]
    public void The_status_is_found_in_trailers()
    {
        byte[] block = [0x20, 0x00, 11, .. "grpc-status"u8, 2, .. "16"u8, 0x00, 12, .. "grpc-message"u8, 3, .. "why"u8];
        Assert.Equal(16, Hpack.FindStatus(block));
        Assert.Equal("why", Hpack.FindMessage(block));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x88 })]
    public void Headers_without_a_status_have_none(byte[] block) => Assert.Null(Hpack.FindStatus(block));

    [Fact]
    public void A_cut_or_compressed_status_is_none()
    {
        Assert.Null(Hpack.FindStatus([0x00, 11, .. "grpc-status"u8]));
        Assert.Null(Hpack.FindStatus([0x00, 11, .. "grpc-status"u8, 5, .. "1"u8]));
        Assert.Null(Hpack.FindStatus([0x00, 11, .. "grpc-status"u8, 0x81, 0x07]));
    }
}
