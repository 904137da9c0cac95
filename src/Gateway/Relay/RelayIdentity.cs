using System.Net;
using System.Net.Security;
using MeshGrains.Identity;

namespace MeshGrains.Gateway;

/// <summary>
/// A bootstrap certificate with its key, ready for TLS, and the anchors that the other side's has to chain to. <paramref name="NotAfter"/> is the
/// earliest end in the chain; the names are the certificate's own.
/// </summary>
public sealed record RelayIdentity(
    SslStreamCertificateContext Certificate,
    DateTimeOffset NotAfter,
    SpiffeBundle Anchors,
    IReadOnlyList<string> DnsNames,
    IReadOnlyList<IPAddress> IpAddresses);
