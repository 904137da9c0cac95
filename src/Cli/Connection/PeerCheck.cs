using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>
/// Judges the other end of a TLS handshake: a valid X.509-SVID by our validator and the trust bundle, and exactly the expected SPIFFE ID, or
/// with <paramref name="orNamed"/> one segment more. Host names and the system's roots have no say.
/// </summary>
internal sealed class PeerCheck(SpiffeBundle bundle, SpiffeId expected, TimeProvider time, bool orNamed = false)
{
    /// <summary>Between this machine's clock and the issuer's.</summary>
    private static readonly X509SvidValidationOptions Tolerance = new() { ClockSkew = TimeSpan.FromMinutes(1) };

    /// <summary>Who the last peer proved to be; null when it was refused.</summary>
    public SpiffeId? Peer { get; private set; }

    /// <summary>The last peer's certificate, proven; null when it was refused.</summary>
    public ParsedCertificate? Certificate { get; private set; }

    /// <summary>Why the last peer was refused; null when it was not.</summary>
    public string? Refusal { get; private set; }

    /// <summary>A <see cref="RemoteCertificateValidationCallback"/>.</summary>
    public bool Accept(object sender, X509Certificate? leaf, X509Chain? chain, SslPolicyErrors errors)
    {
        Certificate = null;
        Peer = null;
        Refusal = Judge(leaf, chain);
        return Refusal is null;
    }

    private string? Judge(X509Certificate? leaf, X509Chain? chain)
    {
        if (leaf is null)
        {
            return "it showed no certificate";
        }

        var validation = X509SvidValidator.Validate(leaf.GetRawCertData(), PeerChain.Intermediates(chain), bundle, time.GetUtcNow(), Tolerance);
        if (!validation.IsValid)
        {
            return $"its certificate does not hold ({validation.Refusal}): {validation.Error.TrimEnd('.')}";
        }

        if (validation.Id != expected && !(orNamed && IsNamed(validation.Id)))
        {
            return $"it is {validation.Id}, not {expected}";
        }

        Peer = validation.Id;
        Certificate = validation.Path[0];
        return null;
    }

    private bool IsNamed(SpiffeId id) =>
        $"{id}" is { } text && text.StartsWith($"{expected}/", StringComparison.Ordinal) && text.IndexOf('/', $"{expected}/".Length) < 0;
}
