using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MeshGrains.Gateway.Acme;

/// <summary>One order, from the first question to a chain that holds for a new key.</summary>
internal sealed class AcmeOrder(AcmeSession session, string domain, string challenge, TimeProvider time)
{
    private const int MaxAuthorizations = 4;
    private const int MaxToken = 256;
    private const int MaxCertificates = 10;
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMinutes(1);

    /// <param name="replaces">The certificate that this one follows; null for none.</param>
    /// <param name="publish">Puts an answer where every endpoint of this name finds it, before the CA is told to look.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The chain, PEM, leaf first, and its key, PKCS #8.</returns>
    /// <exception cref="AcmeException">The CA refuses, or what it gives cannot be used.</exception>
    public async Task<(string Chain, byte[] Key)> RunAsync(string? replaces, Func<AcmeAnswer, Task> publish, CancellationToken cancellationToken)
    {
        var (url, order) = await session.OrderAsync(domain, replaces, cancellationToken);
        if (order.Authorizations is not { Count: > 0 and <= MaxAuthorizations } authorizations || order.Finalize is not { } finalize)
        {
            throw new AcmeException("The CA's order names no authorizations, too many, or nowhere to be finalized.");
        }

        foreach (var authorization in authorizations)
        {
            await ProveAsync(authorization, publish, cancellationToken);
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await session.FinalizeAsync(finalize, Base64Url.EncodeToString(Request(key)), cancellationToken);
        for (var look = FirstLook; ;)
        {
            (order, var wait) = await session.GetOrderAsync(url, cancellationToken);
            if (order is { Status: "valid", Certificate: { } certificate })
            {
                return (Checked(await session.DownloadAsync(certificate, cancellationToken), key), key.ExportPkcs8PrivateKey());
            }

            if (order.Status is not ("processing" or "ready"))
            {
                throw AcmeException.Of($"The order became '{Word(order.Status)}'", order.Error);
            }

            await PauseAsync(wait, ref look, cancellationToken);
        }
    }

    private async Task ProveAsync(Uri url, Func<AcmeAnswer, Task> publish, CancellationToken cancellationToken)
    {
        var (authorization, wait) = await session.GetAuthorizationAsync(url, cancellationToken);
        if (authorization.Status == "pending")
        {
            if (authorization.Challenges?.FirstOrDefault(one => one.Type == challenge) is not { Url: { } ready, Token: { } token })
            {
                throw new AcmeException($"The CA does not offer the challenge {challenge} for {domain}.");
            }

            if (token.Length is 0 or > MaxToken || !token.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            {
                throw new AcmeException("The CA gave a token that is none (RFC 8555 section 8).");
            }

            await publish(new AcmeAnswer(domain, token, session.Key.KeyAuthorization(token)));
            await session.BeginAsync(ready, cancellationToken);
        }

        for (var look = FirstLook; authorization.Status == "pending";)
        {
            await PauseAsync(wait, ref look, cancellationToken);
            (authorization, wait) = await session.GetAuthorizationAsync(url, cancellationToken);
        }

        if (authorization.Status != "valid")
        {
            var problem = authorization.Challenges?.Select(one => one.Error).FirstOrDefault(error => error is not null);
            throw AcmeException.Of($"The CA could not verify {domain} by {challenge}", problem);
        }
    }

    private byte[] Request(ECDsa key)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(domain);
        var request = new CertificateRequest(new X500DistinguishedName([0x30, 0x00]), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSigningRequest();
    }

    private string Checked(byte[] body, ECDsa key)
    {
        try
        {
            var pem = Encoding.ASCII.GetString(body);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem);
            using var leaf = chain is { Count: > 0 and <= MaxCertificates } ? chain[0] : throw new AcmeException("The CA gave no chain, or one that is too long.");
            if (!leaf.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            {
                throw new AcmeException("The CA gave a certificate for another key.");
            }

            return !leaf.MatchesHostname(domain, allowCommonName: false) ? throw new AcmeException($"The CA gave a certificate that is not for {domain}.")
                : leaf.NotAfter.ToUniversalTime() <= time.GetUtcNow().UtcDateTime ? throw new AcmeException("The CA gave a certificate that has ended; is this machine's clock right?")
                : string.Concat(chain.Select(one => one.ExportCertificatePem() + "\n"));
        }
        catch (CryptographicException)
        {
            throw new AcmeException("The CA gave a chain that cannot be read.");
        }
    }

    /// <summary>As long as the CA says, or a little longer each time.</summary>
    private Task PauseAsync(TimeSpan? wait, ref TimeSpan look, CancellationToken cancellationToken)
    {
        var pause = wait > look ? wait.Value : look;
        look *= 2;
        return Task.Delay(pause < LongestLook ? pause : LongestLook, time, cancellationToken);
    }

    private static string Word(string status) => status.Length <= 20 && status.All(char.IsAsciiLetter) ? status : "?";
}
