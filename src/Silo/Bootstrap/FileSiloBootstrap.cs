using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MeshGrains.Gateway;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Silo;

/// <summary>
/// A silo's bootstrap identity in PEM files: <c>ca.pem</c> (anchors), <c>silo.pem</c> (certificate, then intermediates), <c>silo.key</c> (PKCS#8).
/// Changed files are read again; half-written ones, and those that do not fit, leave the standing identity in place until a later look finds better.
/// </summary>
internal sealed partial class FileSiloBootstrap : ISiloBootstrap, IRelayCredentials, IDisposable
{
    private static readonly TimeSpan LongestLookInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortestLookInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Looks at the same files that cannot be used until it is told: so many no writer takes.</summary>
    private const int LooksUntilTold = 3;

    private readonly string _directory;
    private readonly string _meshTrustDomain;
    private readonly TimeProvider _time;
    private readonly Action<byte[]>? _require;
    private readonly Lock _gate = new();
    private Loaded _loaded;
    private long _looked;
    private ((DateTime, DateTime, DateTime) Stamp, int Looks) _unusable;
    private ILogger _logger = NullLogger.Instance;

    private FileSiloBootstrap(string directory, string meshTrustDomain, TimeProvider time, Action<byte[]>? require)
    {
        _require = require;
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
                var stamp = default((DateTime, DateTime, DateTime));
                try
                {
                    stamp = StampOf();
                    if (stamp != _loaded.Stamp)
                    {
                        _loaded = Load();
                    }

                    _unusable = default;
                }
                catch (Exception failure) when (failure is ConfigurationException or IOException or UnauthorizedAccessException)
                {
                    // Someone may be writing the files: a later look finds them whole.
                    _unusable = (stamp, stamp == _unusable.Stamp ? _unusable.Looks + 1 : 1);
                    if (_unusable.Looks == LooksUntilTold)
                    {
                        LogUnusable(_logger, _directory, _loaded.Tls.NotAfter.ToUniversalTime(), failure.Message);
                    }
                }

                return _loaded;
            }
        }
    }

    public byte[] Sign(ReadOnlySpan<byte> statement) =>
        Current.Key.SignData(statement, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <param name="directory">Where the files lie.</param>
    /// <param name="meshTrustDomain">Of the mesh, not of its bootstrap.</param>
    /// <param name="time">By which the files are looked at again.</param>
    /// <param name="require">Given the certificate, DER, now and whenever other files are read; throws a <see cref="ConfigurationException"/> when it does not fit.</param>
    /// <exception cref="ConfigurationException">A file is missing or does not hold what it should.</exception>
    public static FileSiloBootstrap Open(string directory, string meshTrustDomain, TimeProvider time, Action<byte[]>? require = null) =>
        new(directory, meshTrustDomain, time, require);

    /// <summary>The files are read before there is a log; from here on it is told of those that cannot be used.</summary>
    public void LogTo(ILogger<FileSiloBootstrap> logger)
    {
        lock (_gate)
        {
            _logger = logger;
        }
    }

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
            _require?.Invoke(chain[0]);
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

    [LoggerMessage(EventId = 623, Level = LogLevel.Warning,
        Message = "The new bootstrap files in {Directory} are not used; the certificate from before is, until it ends at {End:u}. {Reason}")]
    private static partial void LogUnusable(ILogger logger, string directory, DateTime end, string reason);

    private sealed record Loaded(
        (DateTime, DateTime, DateTime) Stamp, ECDsa Key, IReadOnlyList<byte[]> Chain, SpiffeBundle Anchors, X509Certificate2 Tls, RelayIdentity Relay);
}
