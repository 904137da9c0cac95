namespace MeshGrains.Grains;

/// <summary>Section <c>federation.endpoint</c>: where foreign trust domains fetch our bundle.</summary>
public sealed class FederationEndpointOptions
{
    /// <summary>Address and port; port 0 takes a free one. Empty, the default: there is no endpoint.</summary>
    public string Listen { get; set; } = "";

    /// <summary><c>https_spiffe</c> (the default: the gateway's own SVID) or <c>https_web</c> (a certificate from files, or from an ACME CA).</summary>
    public string Profile { get; set; } = BundleEndpointProfile.Spiffe;

    /// <summary>For <c>https_web</c>: the certificate and its intermediates, PEM. Read again when it changes.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>For <c>https_web</c>: its private key, PEM.</summary>
    public string KeyFile { get; set; } = "";

    /// <summary>For <c>https_web</c> without files: where the certificate is got.</summary>
    public FederationAcmeOptions Acme { get; set; } = new();

    /// <summary>Connections open at once. Default 256.</summary>
    public int MaxConnections { get; set; } = 256;

    /// <summary>Connections open at once from one address (an IPv4 address or an IPv6 /64). Default 32.</summary>
    public int MaxConnectionsPerAddress { get; set; } = 32;
}
