using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Identity.Tests;

public sealed class DistinguishedNameTests
{
    [Fact]
    public void Names_are_shown_in_the_order_of_the_certificate()
    {
        var root = new Pki().Root;
        Assert.Equal($"O=example.org, CN=MeshGrains root {root.AuthorityId}", DistinguishedName.Describe(root.SubjectName));
        Assert.Equal("", DistinguishedName.Describe(new byte[] { 0x30, 0x00 }));
        Assert.Equal("(malformed name)", DistinguishedName.Describe(new byte[] { 0x30 }));
    }

    [Fact]
    public void A_strangers_name_cannot_forge_a_line_or_another_attribute()
    {
        var builder = new X500DistinguishedNameBuilder();
        builder.AddCommonName("a\r\nlevel=error\u202E, O=evil");
        var shown = DistinguishedName.Describe(builder.Build().RawData);
        Assert.Equal("CN=a\\0D\\0Alevel\\3Derror\\u202E\\2C O\\3Devil", shown);
    }

    [Fact]
    public void Damaged_names_never_throw_and_stay_short()
        => Mutations.Survive(new Pki().Root.SubjectName.ToArray(), bytes => Assert.InRange(DistinguishedName.Describe(bytes).Length, 0, 1024));
}
