namespace MeshGrains.Gateway.Relay;

/// <summary>A gateway's request for its serving certificate: a PKCS#10 request as DER, and the names that its clients dial.</summary>
internal sealed record GatewayCertificateBody(byte[] Csr, IReadOnlyList<string> DnsNames, IReadOnlyList<string> IpAddresses);
