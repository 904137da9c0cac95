using System.Net;

namespace MeshGrains.Identity;

/// <summary>What goes into one X509-SVID. Everything in it has been decided already; nothing comes from the requester but the key.</summary>
public readonly record struct X509SvidRequest
{
    public X509SvidRequest()
    {
    }

    /// <summary>The workload's ID; it must have a path.</summary>
    public required SpiffeId Id { get; init; }

    /// <summary>The workload's public key as DER.</summary>
    public required ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; init; }

    public required SerialNumber Serial { get; init; }

    /// <summary>Parts of a second are cut off.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>Parts of a second are cut off; not later than the issuer's own end.</summary>
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Each as <see cref="DnsName.IsValid"/> wants it.</summary>
    public IReadOnlyList<string> DnsNames { get; init; } = [];

    public IReadOnlyList<IPAddress> IpAddresses { get; init; } = [];
}
