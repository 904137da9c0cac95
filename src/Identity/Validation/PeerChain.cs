using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Identity;

/// <summary>What .NET brings to a TLS handshake's validation callback, where <see cref="X509SvidValidator"/> alone decides.</summary>
public static class PeerChain
{
    /// <summary>The chain that .NET builds before it asks is no part of the decision: nothing is fetched and nothing of the system's is trusted.</summary>
    public static X509ChainPolicy Undecided() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
        VerificationFlags = X509VerificationFlags.AllFlags,
    };

    /// <summary>DER of what the peer sent beside its leaf.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Intermediates(X509Chain? chain) =>
        [.. (chain?.ChainPolicy.ExtraStore ?? []).Select(certificate => certificate.RawDataMemory)];
}
