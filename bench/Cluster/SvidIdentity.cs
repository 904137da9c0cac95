using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using MeshGrains.Rpc.Istio;

namespace MeshGrains.Bench;

/// <summary>Whom a CreateCertificate reply names.</summary>
internal static class SvidIdentity
{
    /// <summary>The SPIFFE ID in the reply's leaf; null when the reply is empty.</summary>
    public static string? Of(ReadOnlySpan<byte> reply)
    {
        if (reply.IsEmpty)
        {
            return null;
        }

        using var leaf = X509Certificate2.CreateFromPem(IstioCertificateResponse.Parser.ParseFrom(reply).CertChain[0]);
        return ParsedCertificate.TryRead(leaf.RawData, out var parsed, out _) ? parsed.UriNames.Single() : null;
    }
}
