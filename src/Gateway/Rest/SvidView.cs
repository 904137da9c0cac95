namespace MeshGrains.Gateway.Rest;

/// <summary>
/// An issued X.509-SVID. <paramref name="Certificate"/> is the leaf and <paramref name="Chain"/> what stands between it and the roots in
/// <paramref name="Bundle"/>, all PEM.
/// </summary>
internal sealed record SvidView(
    string SpiffeId, string Serial, string Certificate, string Chain, string Bundle, long BundleNumber, DateTimeOffset NotBefore,
    DateTimeOffset NotAfter, string RequestId);
