using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Federation;

/// <summary>
/// Judges the endpoint of one fetch at its TLS handshake, by its profile: our validator, the one bundle and exactly the SPIFFE ID, or the Web PKI and the
/// host in the URL. Neither lends the other anything.
/// </summary>
internal sealed class EndpointJudge(BundleQuestion question, TimeProvider time)
{
    private static readonly X509SvidValidationOptions Tolerance = new() { ClockSkew = TimeSpan.FromMinutes(1) };

    /// <summary>Why the last endpoint was refused; null when it was not.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The host is filled in by the HTTP client, from the URL.</summary>
    public SslClientAuthenticationOptions Options()
    {
        var options = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowTlsResume = false,
            AllowRenegotiation = false,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (question.Profile == BundleEndpointProfile.Spiffe)
        {
            options.CertificateChainPolicy = PeerChain.Undecided();
            options.RemoteCertificateValidationCallback = (_, leaf, chain, _) => Accept(JudgeSvid(leaf, chain));
            return options;
        }

        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (question.WebRoots is { } roots)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPem(roots);
        }

        options.CertificateChainPolicy = policy;
        options.RemoteCertificateValidationCallback = (_, _, _, errors) =>
            Accept(errors == SslPolicyErrors.None ? null : $"its certificate does not hold for this host by the Web PKI or the CAs that are named ({errors})");
        return options;
    }

    private bool Accept(string? refusal)
    {
        Refusal = refusal;
        return refusal is null;
    }

    private string? JudgeSvid(X509Certificate? leaf, X509Chain? chain)
    {
        if (leaf is null || question is not { Endpoint: { } expected, EndpointBundle: { } bundle })
        {
            return "it showed no certificate, or nothing is known to judge it by";
        }

        var validation = X509SvidValidator.Validate(leaf.GetRawCertData(), PeerChain.Intermediates(chain), bundle, time.GetUtcNow(), Tolerance);
        return !validation.IsValid ? $"its certificate does not hold by the bundle of {bundle.TrustDomain.Name} ({validation.Refusal}): {validation.Error}"
            : validation.Id != expected ? $"it is {validation.Id}, not {expected}"
            : null;
    }
}
