using System.Net;

namespace MeshGrains.Grains;

/// <summary>What the gateway asks for: a P-256 key of its own (SubjectPublicKeyInfo, DER) and the names that its clients dial.</summary>
public sealed record GatewayCertificateRequest(
    ReadOnlyMemory<byte> SubjectPublicKeyInfo,
    IReadOnlyList<string> DnsNames,
    IReadOnlyList<IPAddress> IpAddresses)
{
    /// <summary>The key's own proof as PKCS#10 DER, for an issuer in another process; empty inside one.</summary>
    public ReadOnlyMemory<byte> Csr { get; init; }

    /// <summary>The name of a gateway that runs apart; null for the silo's own.</summary>
    public string? Gateway { get; init; }
}
