using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Azure.Core.Pipeline;

namespace MeshGrains.Keys.Azure;

/// <summary>The connections to vault and token authority alike: no redirects, and own roots where they are configured.</summary>
internal static class VaultTransport
{
    public static HttpClientTransport Create(VaultLocation location, KeyManagerOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = options.Remote.AttemptTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 64,
            ConnectCallback = static (context, ct) => LoopbackNames.ConnectAsync(context.DnsEndPoint, ct),

            // A proxy could not reach this machine's own names.
            UseProxy = !location.IsLoopback,
        };
        if (options.TrustedRootsPem is { } pem)
        {
            handler.SslOptions.CertificateChainPolicy = TrustOnly(pem);
        }

        return new HttpClientTransport(handler);
    }

    private static X509ChainPolicy TrustOnly(string pem)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,

            // As HttpClient does by default; private roots rarely publish a CRL.
            RevocationMode = X509RevocationMode.NoCheck,
        };
        try
        {
            policy.CustomTrustStore.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw KeyRules.Invalid("The trusted roots for the KMS are not PEM certificates.", e);
        }

        return policy.CustomTrustStore.Count > 0
            ? policy
            : throw KeyRules.Invalid("The trusted roots for the KMS hold no PEM certificate.");
    }
}
