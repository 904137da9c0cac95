using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Gateway.Acme;

/// <summary>What a renewal is decided by.</summary>
/// <param name="NotBefore">When it began.</param>
/// <param name="NotAfter">When it ends.</param>
/// <param name="RenewalId">Its name for renewal information (RFC 9773 section 4.1); null for one without an authority key id.</param>
/// <param name="Draw">From 0 to below 1, the same at every silo: where in a span of time this certificate is renewed.</param>
internal sealed record AcmeLeaf(DateTimeOffset NotBefore, DateTimeOffset NotAfter, string? RenewalId, double Draw)
{
    public static AcmeLeaf Of(X509Certificate2 leaf)
    {
        var keyId = leaf.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        var unit = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(leaf.RawDataMemory.Span)) >> 11;
        return new AcmeLeaf(
            leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime(),
            keyId is { } id ? $"{Base64Url.EncodeToString(id.Span)}.{Base64Url.EncodeToString(leaf.SerialNumberBytes.Span)}" : null, unit * (1.0 / (1UL << 53)));
    }
}
