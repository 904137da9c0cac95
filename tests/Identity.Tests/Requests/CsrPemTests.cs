using System.Text;

namespace MeshGrains.Identity.Tests;

public sealed class CsrPemTests
{
    private static readonly byte[] Der = Keys.Csr(Keys.P256);
    private static readonly string Pem = CsrPem.Encode(Der);

    [Fact]
    public void One_block_is_read_under_either_label_with_white_space_around()
    {
        string[] texts = [
            Pem, "\n  " + Pem + "\r\n\n", Pem.Replace("\n", "\r\n", StringComparison.Ordinal), Pem.TrimEnd(),
            Pem.Replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", StringComparison.Ordinal)];
        foreach (var text in texts)
        {
            Assert.True(CsrPem.TryDecode(text, out var der, out var error), error);
            Assert.Equal(Der, der);
            Assert.True(CsrPem.TryDecode(Encoding.UTF8.GetBytes(text), out der, out _));
            Assert.Equal(Der, der);
        }
    }

    [Fact]
    public void Anything_else_is_refused_with_the_reason()
    {
        Refused("", "no PEM block");
        Refused("   \n", "no PEM block");
        Refused("hello", "no PEM block");
        Refused(Pem + Pem, "exactly one");
        Refused(Pem + "x", "exactly one");
        Refused("x" + Pem, "no PEM block");
        Refused(Pem.Replace("CERTIFICATE REQUEST", "CERTIFICATE", StringComparison.Ordinal), "not a CERTIFICATE REQUEST");
        Refused(Pem.Replace("END CERTIFICATE REQUEST", "END CERTIFICATE", StringComparison.Ordinal), "does not end");
        Refused(Pem[..^30], "does not end");
        Refused(Pem.Replace("\nMI", "\n!!", StringComparison.Ordinal), "base64");
        Refused("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n", "base64");
        Refused(new string('A', CsrPem.MaxChars + 1), "at most");
        Refused("-----BEGIN " + new string('A', 1000), "BEGIN label");
    }

    [Fact]
    public void Damaged_text_is_read_or_refused_and_never_throws()
        => Mutations.Survive(Encoding.UTF8.GetBytes(Pem), bytes =>
        {
            if (!CsrPem.TryDecode(bytes, out var der, out var error))
            {
                Assert.NotEmpty(error);
            }
            else
            {
                CertificateSigningRequest.TryRead(der, out _, out _);
            }
        });

    private static void Refused(string text, string reason)
    {
        Assert.False(CsrPem.TryDecode(text, out var der, out var error));
        Assert.Null(der);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.False(CsrPem.TryDecode(Encoding.UTF8.GetBytes(text), out _, out _));
    }
}
