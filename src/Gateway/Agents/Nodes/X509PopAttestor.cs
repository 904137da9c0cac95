using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// A certificate of a configured CA, and a signature by its key over a fresh nonce, the trust domain and the certificate request. The nonce lives in this
/// call alone, so that it serves once and needs no table; the request in the signature keeps anybody between from putting in another key.
/// </summary>
internal sealed class X509PopAttestor(IOptions<NodeAttestationOptions> options, MeshScope scope, IRandomSource random, TimeProvider time) : INodeAttestor
{
    private const int MaxCertificates = 8;
    private const int MaxAnswer = 1024;
    private const int MaxFile = 1024 * 1024;

    private readonly X509PopOptions _options = options.Value.X509pop;
    private readonly WatchedFile _file = new(options.Value.X509pop.CaFile, MaxFile, TimeSpan.FromSeconds(10), time);

    public string Name => NodePossession.Attestor;

    public bool IsConfigured => _options.CaFile.Length > 0;

    public async ValueTask<NodeVerdict> AttestAsync(NodeEvidence evidence, Func<byte[], Task<byte[]?>> ask, CancellationToken cancellationToken)
    {
        if (evidence.Parts.Count is 0 or > MaxCertificates)
        {
            return Refused("x509pop_malformed", $"Send the node's certificate, then its intermediates: {MaxCertificates} at most.");
        }

        var chain = new List<X509Certificate2>();
        try
        {
            foreach (var der in evidence.Parts)
            {
                chain.Add(X509CertificateLoader.LoadCertificate(der));
            }

            if (JudgeChain(chain) is { } wrong)
            {
                return Refused("x509pop_untrusted", "The node's certificate does not hold here: it has to chain to nodeAttestation.x509pop.caFile now.", wrong);
            }

            if (JudgeUse(chain[0]) is { } unfit)
            {
                return Refused("x509pop_unfit", unfit);
            }

            var commonName = chain[0].GetNameInfo(X509NameType.SimpleName, forIssuer: false);
            if (_options.CommonNames.Count > 0 && !_options.CommonNames.Any(allowed => Matches(allowed, commonName)))
            {
                return new Refusal(
                    RefusalCode.PermissionDenied, "node_not_allowed", "nodeAttestation.x509pop.commonNames does not name this certificate's subject.", commonName);
            }

            var nonce = new byte[NodePossession.NonceBytes];
            random.Fill(nonce);
            if (await ask(nonce) is not { Length: > 0 and <= MaxAnswer } answer
                || !NodePossession.Verify(chain[0], NodePossession.Statement(scope.TrustDomain.Name, nonce, evidence.CsrHash), answer))
            {
                return Refused(
                    "x509pop_proof", "The challenge was not signed with the key of the node's certificate, or was signed for another request.",
                    chain[0].Subject);
            }

            return Found(chain, commonName);
        }
        catch (CryptographicException malformed)
        {
            return Refused("x509pop_malformed", "A certificate of the node cannot be read.", malformed.Message);
        }
        finally
        {
            chain.ForEach(certificate => certificate.Dispose());
        }
    }

    private NodeVerdict Found(List<X509Certificate2> chain, string commonName)
    {
        var fingerprint = chain[0].GetCertHashString(HashAlgorithmName.SHA1).ToLowerInvariant();
        var name = $"{Name}/{(_options.Name == "commonName" ? commonName : fingerprint)}";
        if (!SpiffeId.TryParse($"spiffe://{scope.TrustDomain.Name}{AgentNames.Prefix}{name}", out _, out var odd))
        {
            return Refused("x509pop_unfit", $"The certificate's common name makes no agent's name: {odd}", commonName);
        }

        // As SPIRE names them.
        var selectors = new List<Selector> { new(Name, $"subject:cn:{commonName}"), new(Name, $"fingerprint:{fingerprint}") };
        selectors.AddRange(chain.Skip(1).Select(ca => new Selector(Name, $"ca:fingerprint:{ca.GetCertHashString(HashAlgorithmName.SHA1).ToLowerInvariant()}")));
        return new AttestedNode(name, [.. selectors.Where(selector => selector.Value.Length <= 1024).Distinct()]);
    }

    private string? JudgeChain(List<X509Certificate2> chain)
    {
        if (!PemBundle.TryRead(System.Text.Encoding.UTF8.GetString(_file.Read()), out var roots, out var error))
        {
            return $"{_options.CaFile}: {error}";
        }

        using var builder = new X509Chain();
        var policy = builder.ChainPolicy;
        (policy.TrustMode, policy.RevocationMode, policy.DisableCertificateDownloads) = (X509ChainTrustMode.CustomRootTrust, X509RevocationMode.NoCheck, true);
        policy.VerificationTime = time.GetUtcNow().UtcDateTime;
        foreach (var root in roots)
        {
            policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(root.Der.Span));
        }

        policy.ExtraStore.AddRange(chain.Skip(1).ToArray());
        try
        {
            return builder.Build(chain[0]) ? null : string.Join("; ", builder.ChainStatus.Select(status => status.StatusInformation.Trim()));
        }
        finally
        {
            foreach (var element in policy.CustomTrustStore)
            {
                element.Dispose();
            }
        }
    }

    /// <summary>A CA's own key attests nothing, nor one that must not sign.</summary>
    private static string? JudgeUse(X509Certificate2 leaf) =>
        leaf.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority) ? "A CA's certificate is no node's."
            : leaf.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is { } usage && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature)
                ? "The certificate's key usage does not allow signatures."
            : null;

    private static bool Matches(string allowed, string name) => allowed.StartsWith("*.", StringComparison.Ordinal)
        ? name.EndsWith(allowed[1..], StringComparison.Ordinal) && !name[..^(allowed.Length - 1)].Contains('.', StringComparison.Ordinal) && name.Length > allowed.Length - 1
        : name == allowed;

    private static Refusal Refused(string reason, string message, string? detail = null) => new(RefusalCode.Unauthenticated, reason, message, detail);
}
