using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Agent.Svids;
using MeshGrains.Identity;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>Judges a gateway by our validator, the newest bundle that is held, and exactly its SPIFFE ID. Host names and the system's roots have no say.</summary>
internal sealed class GatewayCheck(AgentState state, SpiffeId expected, TimeProvider time)
{
    private static readonly X509SvidValidationOptions Tolerance = new() { ClockSkew = TimeSpan.FromMinutes(1) };

    /// <summary>Why the last gateway was refused; null when it was not.</summary>
    public string? Refusal { get; private set; }

    public SslClientAuthenticationOptions Options(string host, AgentIdentity? identity) => new()
    {
        TargetHost = host,
        ClientCertificateContext = identity?.Tls,
        AllowTlsResume = false,
        RemoteCertificateValidationCallback = Accept,
        CertificateChainPolicy = PeerChain.Undecided(),
    };

    private bool Accept(object sender, X509Certificate? leaf, X509Chain? chain, SslPolicyErrors errors)
    {
        Refusal = Judge(leaf, chain);
        return Refusal is null;
    }

    private string? Judge(X509Certificate? leaf, X509Chain? chain)
    {
        if (leaf is null || state.Current.OwnBundle is not { } bundle)
        {
            return "it showed no certificate";
        }

        var validation = X509SvidValidator.Validate(leaf.GetRawCertData(), PeerChain.Intermediates(chain), bundle.Bundle, time.GetUtcNow(), Tolerance);
        return !validation.IsValid ? $"its certificate does not hold ({validation.Refusal}): {validation.Error}"
            : validation.Id != expected ? $"it is {validation.Id}, not {expected}"
            : null;
    }
}
