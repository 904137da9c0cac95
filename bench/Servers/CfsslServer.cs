using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Bench;

/// <summary><c>cfssl serve</c> with a P-256 CA on loopback: plain HTTP, no authentication, no record.</summary>
internal static class CfsslServer
{
    private const string Config = """
        {"signing": {"default": {"expiry": "1h"}, "profiles": {"svid": {"usages": ["digital signature", "server auth", "client auth"], "expiry": "1h"}}}}
        """;

    /// <summary>Null when cfssl (Debian's golang-cfssl) is not installed.</summary>
    public static async Task<(ChildProcess Process, IPEndPoint Address)?> StartAsync(string folder, CancellationToken cancellationToken)
    {
        if (ChildProcess.Find("cfssl") is not { } cfssl)
        {
            return null;
        }

        Directory.CreateDirectory(folder);
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            var request = new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
            using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(2));
            await File.WriteAllTextAsync(Path.Combine(folder, "ca.pem"), certificate.ExportCertificatePem(), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "ca-key.pem"), key.ExportECPrivateKeyPem(), cancellationToken);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), Config, cancellationToken);
        var address = new IPEndPoint(IPAddress.Loopback, FreePort());
        var process = ChildProcess.Start(
            cfssl,
            [
                "serve", "-address", "127.0.0.1", "-port", address.Port.ToString(CultureInfo.InvariantCulture), "-ca", "ca.pem", "-ca-key", "ca-key.pem",
                "-config", "config.json", "-loglevel", "5",
            ],
            folder: folder);
        await Waiting.UntilListeningAsync(address, process, TimeSpan.FromSeconds(20), cancellationToken);
        return (process, address);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
