namespace MeshGrains.Cli;

/// <summary>An issued X.509-SVID; certificate, chain and bundle are PEM.</summary>
internal sealed record SvidView(
    string SpiffeId, string Serial, string Certificate, string Chain, string Bundle, long BundleNumber, DateTimeOffset NotBefore,
    DateTimeOffset NotAfter, string RequestId);

/// <summary>Asks for an X.509-SVID; the CSR is the base64 of its DER.</summary>
internal sealed record SvidBody(string Csr, int? TtlSeconds = null, string? SpiffeId = null);
