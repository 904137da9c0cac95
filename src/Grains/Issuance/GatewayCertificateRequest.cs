using System.Net;

namespace MeshGrains.Grains;

/// <summary>What the gateway asks for: a P-256 key of its own (SubjectPublicKeyInfo, DER) and the names that its clients dial.</summary>
public sealed record GatewayCertificateRequest(
    ReadOnlyMemory<byte> SubjectPublicKeyInfo,
    IReadOnlyList<string> DnsNames,
    IReadOnlyList<IPAddress> IpAddresses);
