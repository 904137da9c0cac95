using Google.Protobuf;
using MeshGrains.Identity;
using MeshGrains.Rpc.Istio;

namespace MeshGrains.Bench.Tests;

public sealed class CertificateReplyTests
{
    [Fact]
    public void The_serial_read_from_a_few_bytes_is_the_leafs()
    {
        using var issuer = new InProcessIssuer();
        foreach (var request in CertificateRequests.Make(50))
        {
            var der = issuer.Issue(request);
            var reply = new IstioCertificateResponse { CertChain = { PemWriter.EncodeCertificate(der), "the rest" } }.ToByteArray();
            var serial = CertificateReply.Serial(reply);
            Assert.Equal(ParsedCertificate.Read(der).SerialHex, new SerialNumber(serial).ToString());
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("no certificate")]
    [InlineData("-----BEGIN CERTIFICATE-----\nshort")]
    public void A_reply_without_a_certificate_is_refused(string element)
        => Assert.Throws<FormatException>(() => CertificateReply.Serial(new IstioCertificateResponse { CertChain = { element } }.ToByteArray()));

    [Fact]
    public void An_empty_reply_is_refused() => Assert.Throws<FormatException>(() => CertificateReply.Serial([]));
}
