using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MeshGrains.Grains;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Federation;

/// <summary>
/// The Web PKI certificate of the bundle endpoint, from files that others renew. It is read again when the files change; what cannot be used leaves the one
/// in use.
/// </summary>
internal sealed class WebCertificate(IOptions<FederationOptions> options, TimeProvider time, ILogger<WebCertificate> logger)
{
    private const int MaxBytes = 256 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly WatchedFile _certificate = new(options.Value.Endpoint.CertificateFile, MaxBytes, Interval, time);
    private readonly WatchedFile _key = new(options.Value.Endpoint.KeyFile, MaxBytes, Interval, time);
    private (byte[]? Certificate, byte[]? Key) _seen;
    private SslStreamCertificateContext? _current;

    /// <summary>Null while there is none that can be used; the log tells why.</summary>
    public SslStreamCertificateContext? Current()
    {
        lock (_gate)
        {
            try
            {
                var (certificate, key) = (_certificate.Read(), _key.Read());
                if (!ReferenceEquals(certificate, _seen.Certificate) || !ReferenceEquals(key, _seen.Key))
                {
                    // Noted first: a pair that does not fit is told once, not at every handshake.
                    _seen = (certificate, key);
                    _current = Load(Encoding.UTF8.GetString(certificate), Encoding.UTF8.GetString(key));
                }
            }
            catch (Exception failure) when (failure is IOException or CryptographicException or ArgumentException)
            {
                FederationLog.WebCertificateUnusable(logger, options.Value.Endpoint.CertificateFile, failure.Message);
            }

            return _current;
        }
    }

    private SslStreamCertificateContext Load(string certificate, string key)
    {
        var leaf = X509Certificate2.CreateFromPem(certificate, key);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificate);
        chain.RemoveAt(0);
        FederationLog.WebCertificateInUse(logger, options.Value.Endpoint.CertificateFile, leaf.NotAfter.ToUniversalTime());
        return SslStreamCertificateContext.Create(leaf, chain, offline: true);
    }
}
