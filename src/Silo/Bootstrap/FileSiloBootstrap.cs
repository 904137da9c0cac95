using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MeshGrains.Gateway;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Silo;

/// <summary>
/// A silo's bootstrap identity in PEM files: <c>ca.pem</c> (anchors), <c>silo.pem</c> (certificate, then intermediates), <c>silo.key</c> (PKCS#8).
/// Changed files are read again; half-written ones leave the standing identity in place until the next look.
/// </summary>
internal sealed class FileSiloBootstrap : ISiloBootstrap, IRelayCredentials, IDisposable
{
    private static readonly TimeSpan LongestLookInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortestLookInterval = TimeSpan.FromMilliseconds(200);

    private readonly string _directory;
    private readonly string _meshTrustDomain;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private Loaded _loaded;
    private long _looked;

    private FileSiloBootstrap(string directory, string meshTrustDomain, TimeProvider time)
    {
        _directory = directory;
        _meshTrustDomain = meshTrustDomain;
        _time = time;
        _loaded = Load();
        _looked = time.GetTimestamp();
    }

    public IReadOnlyList<byte[]> Chain => Current.Chain;

    public SpiffeBundle Anchors => Current.Anchors;

    /// <summary>The certificate with its key, for TLS between silos.</summary>
    public X509Certificate2 TlsCertificate => Current.Tls;

    RelayIdentity IRelayCredentials.Current => Current.Relay;

    /// <summary>Where the files lie.</summary>
    public string Directory => _directory;

    private Loaded Current
    {
        get
        {
            lock (_gate)
            {
                if (_time.GetElapsedTime(_looked) < LookInterval(_loaded.Tls))
                {
                    return _loaded;
                }

                _looked = _time.GetTimestamp();
                try
                {
                    if (StampOf() != _loaded.Stamp)
                    {
                        _loaded = Load();
                    }
                }
                catch (Exception failure) when (failure is ConfigurationException or IOException or UnauthorizedAccessException)
                {
                    // Someone is writing the files: the next look finds them whole.
                }

                return _loaded;
            }
        }
    }

    public byte[] Sign(ReadOnlySpan<byte> statement) =>
        Current.Key.SignData(statement, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <exception cref="ConfigurationException">A file is missing or does not hold what it should.</exception>
    public static FileSiloBootstrap Open(string directory, string meshTrustDomain, TimeProvider time) => new(directory, meshTrustDomain, time);

    public void Dispose() => _loaded.Tls.Dispose();

    private Loaded Load()
    {
        try
        {
            var stamp = StampOf();
            var key = ECDsa.Create();
            key.ImportFromPem(Read("silo.key"));
            var chain = Ders(Read("silo.pem"));
            var anchors = new SpiffeBundle(BootstrapNames.TrustDomainOf(_meshTrustDomain))
                .WithX509Authorities(Ders(Read("ca.pem")).Select(der => (ReadOnlyMemory<byte>)der));
            using var leaf = X509CertificateLoader.LoadCertificate(chain[0]);
            var tls = leaf.CopyWithPrivateKey(key);
            return new Loaded(stamp, key, chain, anchors, tls, RelayOf(tls, chain, anchors));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException or FormatException)
        {
            throw new ConfigurationException([$"The bootstrap files in {_directory} cannot be used: {failure.Message} 'meshctl bootstrap init' and 'issue' make them."]);
        }
    }

    private static RelayIdentity RelayOf(X509Certificate2 tls, List<byte[]> chain, SpiffeBundle anchors)
    {
        var issuers = new X509Certificate2Collection();
        foreach (var der in chain.Skip(1))
        {
            issuers.Add(X509CertificateLoader.LoadCertificate(der));
        }

        var parsed = chain.ConvertAll(der => ParsedCertificate.Read(der));
        return new RelayIdentity(
            SslStreamCertificateContext.Create(tls, issuers, offline: true), parsed.Min(certificate => certificate.NotAfter), anchors,
            parsed[0].DnsNames, parsed[0].IpAddresses);
    }

    /// <summary>A twentieth of what is left of the certificate's life, so that a short-lived one is found renewed in time as well.</summary>
    private TimeSpan LookInterval(X509Certificate2 certificate)
    {
        var interval = (certificate.NotAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime) / 20;
        return interval < ShortestLookInterval ? ShortestLookInterval : interval > LongestLookInterval ? LongestLookInterval : interval;
    }

    private string Read(string name) => File.ReadAllText(Path.Combine(_directory, name), Encoding.ASCII);

    private (DateTime, DateTime, DateTime) StampOf() => (Stamp("ca.pem"), Stamp("silo.pem"), Stamp("silo.key"));

    /// <summary>Of the file itself: Kubernetes mounts links, which stay as old as the pod while what they lead to is renewed.</summary>
    private DateTime Stamp(string name)
    {
        var path = Path.Combine(_directory, name);
        return File.GetLastWriteTimeUtc(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
    }

    private static List<byte[]> Ders(string pem)
    {
        var ders = new List<byte[]>();
        var rest = pem.AsSpan();
        while (ders.Count < 16 && PemEncoding.TryFind(rest, out var fields))
        {
            ders.Add(Convert.FromBase64String(rest[fields.Base64Data].ToString()));
            rest = rest[fields.Location.End..];
        }

        return ders.Count > 0 ? ders : throw new FormatException("a PEM file holds no certificate.");
    }

    private sealed record Loaded(
        (DateTime, DateTime, DateTime) Stamp, ECDsa Key, IReadOnlyList<byte[]> Chain, SpiffeBundle Anchors, X509Certificate2 Tls, RelayIdentity Relay);
}
