namespace MeshGrains.Identity.Tests;

public sealed class SerialNumberTests
{
    [Fact]
    public void Random_serials_differ_and_read_back()
    {
        var serials = Enumerable.Range(0, 1000).Select(_ => RandomSerialSource.Shared.Next()).ToList();
        Assert.Equal(1000, serials.Distinct().Count());
        Assert.All(serials, serial => Assert.Equal(serial, SerialNumber.FromBytes(serial.ToBytes())));
    }

    [Theory]
    [InlineData(1, "01")]
    [InlineData(0x80, "80")]
    [InlineData(0x0FFF, "0fff")]
    public void Text_is_hex_without_leading_zero_bytes_as_certificates_show_it(int value, string text)
    {
        var pki = new Pki();
        var serial = new SerialNumber((UInt128)value);
        Assert.Equal(text, serial.ToString());
        Assert.Equal(text, ParsedCertificate.Read(X509SvidWriter.Issue(pki.Issuer, pki.Request() with { Serial = serial })).SerialHex);
    }

    [Fact]
    public void Zero_is_no_serial() => Assert.Throws<ArgumentOutOfRangeException>(() => new SerialNumber(UInt128.Zero));
}
