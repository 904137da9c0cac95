using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>Gets SVIDs and believes nothing of the answer before it is checked.</summary>
internal sealed class SvidClient(TimeProvider time)
{
    /// <param name="gateway">Where; it comes with an SVID for a renewal.</param>
    /// <param name="key">The key that the SVID is for.</param>
    /// <param name="token">A join token or a Kubernetes service-account token; null for a renewal.</param>
    /// <param name="wanted">The identity that it must be; null to take what is given.</param>
    /// <param name="ttl">The life asked for; null for the default.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CliException">Refused, or the answer is not what was asked for.</exception>
    public async Task<SvidView> GetAsync(
        ControlPlane gateway, WorkloadKey key, string? token, string? wanted, TimeSpan? ttl, CancellationToken cancellationToken)
    {
        var body = new SvidBody(Convert.ToBase64String(key.CsrDer), (int?)ttl?.TotalSeconds, wanted);
        var svid = await gateway.PostAsync("/v1/svids", body, ApiJson.Default.SvidBody, ApiJson.Default.SvidView, cancellationToken, token);
        Check(svid, key, wanted);
        return svid;
    }

    private void Check(SvidView svid, WorkloadKey key, string? wanted)
    {
        if (!PemBundle.TryRead(svid.Certificate + svid.Chain, out var chain, out var error))
        {
            throw CliException.Failed($"The control plane's answer holds no certificate: {error}");
        }

        var bundle = TrustBundleFile.Parse(svid.Bundle, "the answer's bundle", OwnTrustDomain(chain[0]));
        var validation = X509SvidValidator.Validate(
            chain[0].Der, [.. chain.Skip(1).Select(certificate => certificate.Der)], bundle, time.GetUtcNow(),
            new X509SvidValidationOptions { ClockSkew = TimeSpan.FromMinutes(1) });
        if (!validation.IsValid)
        {
            throw CliException.Failed($"The certificate of the answer does not hold ({validation.Refusal}): {validation.Error}");
        }

        if (!key.IsKeyOf(chain[0]))
        {
            throw CliException.Failed("The certificate of the answer is for another key. Nothing was written.");
        }

        if (wanted is not null && validation.Id.ToString() != wanted)
        {
            throw CliException.Failed($"The certificate of the answer is for {validation.Id}, and {wanted} was asked for. Nothing was written.");
        }
    }

    private static TrustDomain? OwnTrustDomain(ParsedCertificate leaf)
        => leaf.UriNames is [var name] && SpiffeId.TryParse(name, out var id, out _) ? id.TrustDomain : null;
}
