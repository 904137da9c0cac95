using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>An X.509-SVID with its key, ready to be shown in a TLS handshake.</summary>
internal sealed class HeldSvid : IDisposable
{
    private readonly X509Certificate2 _leaf;
    private readonly X509Certificate2Collection _intermediates;

    private HeldSvid(SpiffeId id, ParsedCertificate parsed, X509Certificate2 leaf, X509Certificate2Collection intermediates)
    {
        Id = id;
        Leaf = parsed;
        _leaf = leaf;
        _intermediates = intermediates;
        TlsContext = SslStreamCertificateContext.Create(leaf, intermediates, offline: true);
    }

    /// <summary>What it says; nothing here has judged it.</summary>
    public SpiffeId Id { get; }

    public ParsedCertificate Leaf { get; }

    public SslStreamCertificateContext TlsContext { get; }

    /// <exception cref="CliException">The files do not hold an SVID and its key.</exception>
    public static HeldSvid Load(string certificatePath, string keyPath)
    {
        var chain = TextFile.Read(certificatePath, "the SVID");
        var key = TextFile.Read(keyPath, "the SVID's key");
        if (!PemBundle.TryRead(chain, out var parsed, out var error))
        {
            throw CliException.Failed($"{certificatePath}: {error}");
        }

        if (parsed[0].UriNames is not [var name] || !SpiffeId.TryParse(name, out var id, out _))
        {
            throw CliException.Failed($"{certificatePath} is no SVID: its first certificate does not name one SPIFFE ID.");
        }

        try
        {
            var leaf = X509Certificate2.CreateFromPem(chain, key);
            var intermediates = new X509Certificate2Collection();
            foreach (var further in parsed.Skip(1))
            {
                intermediates.Add(X509CertificateLoader.LoadCertificate(further.Der.Span));
            }

            return new HeldSvid(id, parsed[0], leaf, intermediates);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            // The library's text could repeat what the key file holds.
            throw CliException.Failed($"{keyPath} does not hold the private key of {certificatePath}.");
        }
    }

    public void Dispose()
    {
        _leaf.Dispose();
        foreach (var certificate in _intermediates)
        {
            certificate.Dispose();
        }
    }
}
