using System.Security.Cryptography;
using System.Text;

namespace MeshGrains.Identity.Tests;

public sealed class PemTests
{
    private static readonly byte[] Leaf = new Pki().IssueLeaf();

    [Fact]
    public void Every_length_is_written_as_DotNet_writes_it()
    {
        for (var length = 1; length < 200; length++)
        {
            var bytes = RandomNumberGenerator.GetBytes(length);
            var text = PemWriter.Encode("LABEL", bytes);
            Assert.Equal(PemEncoding.WriteString("LABEL", bytes) + "\n", text);
            Assert.Equal(text.Length, PemWriter.EncodedLength("LABEL", length));
        }
    }

    [Fact]
    public void Several_certificates_with_words_between_are_read_in_order()
    {
        var text = "subject: one\n" + PemWriter.EncodeCertificate(Leaf) + "subject: two\n" + PemWriter.EncodeCertificates([new Pki().Root.Der]) + "end";
        Assert.True(PemBundle.TryRead(text, out var certificates, out var error), error);
        Assert.Equal(2, certificates.Count);
        Assert.Equal(Leaf, certificates[0].Der);
    }

    [Fact]
    public void Anything_else_is_refused_without_showing_what_it_holds()
    {
        Refused("", "no certificate");
        Refused("nothing here", "no certificate");
        Refused(Keys.P256.ExportPkcs8PrivateKeyPem(), "not a CERTIFICATE");
        Refused(PemWriter.EncodeCertificate([1, 2, 3]), "Certificate 1");
        Refused(PemWriter.EncodeCertificate(Leaf)[..^10], "does not end");
        Refused(new string(' ', PemBundle.MaxChars + 1), "at most");
        Refused(string.Concat(Enumerable.Repeat(PemWriter.EncodeCertificate(Leaf), PemBundle.MaxCertificates + 1)), "more than");
    }

    [Fact]
    public void Damaged_bundles_never_throw()
        => Mutations.Survive(Encoding.UTF8.GetBytes(PemWriter.EncodeCertificate(Leaf) + PemWriter.EncodeCertificate(Leaf)), bytes =>
        {
            if (!PemBundle.TryRead(Encoding.Latin1.GetString(bytes), out _, out var error))
            {
                Assert.NotEmpty(error);
            }
        });

    [Fact]
    public void A_text_full_of_beginnings_is_given_up_at_the_first()
    {
        var text = string.Concat(Enumerable.Repeat("-----BEGIN CERTIFICATE-----", PemBundle.MaxChars / 27));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refused(text, "does not end");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    private static void Refused(string pem, string reason)
    {
        Assert.False(PemBundle.TryRead(pem, out var certificates, out var error));
        Assert.Null(certificates);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }
}
