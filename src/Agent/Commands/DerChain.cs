using System.Formats.Asn1;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Commands;

internal static class DerChain
{
    /// <summary>Reads DER certificates that lie one after another, as the Workload API gives them.</summary>
    public static List<ParsedCertificate> Split(ReadOnlyMemory<byte> der)
    {
        var certificates = new List<ParsedCertificate>();
        while (der.Length > 0)
        {
            AsnDecoder.ReadSequence(der.Span, AsnEncodingRules.DER, out _, out _, out var length);
            certificates.Add(ParsedCertificate.Read(der[..length]));
            der = der[length..];
        }

        return certificates;
    }
}
