using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using MeshGrains.LocalCluster;

namespace MeshGrains.Testing;

/// <summary>
/// Let's Encrypt's test CA for ACME on loopback, with a DNS server that leads every name to 127.0.0.1. It validates at the ports that it is told, and refuses half of all
/// good nonces. Every account needs an external binding.
/// </summary>
public sealed class PebbleServer : IAsyncDisposable
{
    public const string KeyId = "kid-1";

    /// <summary>The MAC key of <see cref="KeyId"/>, base64url.</summary>
    public const string MacKey = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

    private const string Program = "pebble";
    private const string DnsProgram = "pebble-challtestsrv";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ChildProcess _pebble;
    private readonly ChildProcess _dns;
    private bool _ended;

    private PebbleServer(ChildProcess pebble, ChildProcess dns, string caFile, int port) => (_pebble, _dns, CaFile, DirectoryUrl) = (pebble, dns, caFile, $"https://localhost:{port}/dir");

    public string DirectoryUrl { get; }

    /// <summary>For the directory's own TLS.</summary>
    public string CaFile { get; }

    /// <summary>The root of what it issues, PEM.</summary>
    public string RootFile { get; private set; } = "";

    /// <summary>What it printed.</summary>
    public string Output => _pebble.Output;

    /// <summary>Skips the test where it is not installed, as <see cref="Tool.Require"/> does.</summary>
    /// <param name="folder">For its files.</param>
    /// <param name="tlsPort">Where it asks tls-alpn-01.</param>
    /// <param name="httpPort">Where it asks http-01.</param>
    public static async Task<PebbleServer> StartAsync(TempDirectory folder, int tlsPort, int httpPort)
    {
        var (program, dnsProgram) = (Tool.Require(Program, Program), Tool.Require(DnsProgram, Program));
        int port = LoopbackPort.Free(), management = LoopbackPort.Free(), dnsPort = LoopbackPort.Free(), dnsManagement = LoopbackPort.Free();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = OwnCertificate(key);
        var caFile = folder.Write("pebble-tls.pem", certificate.ExportCertificatePem());
        var configuration = new
        {
            pebble = new
            {
                listenAddress = $"127.0.0.1:{port}",
                managementListenAddress = $"127.0.0.1:{management}",
                certificate = caFile,
                privateKey = folder.Write("pebble-tls.key", key.ExportPkcs8PrivateKeyPem()),
                httpPort,
                tlsPort,
                externalAccountBindingRequired = true,
                externalAccountMACKeys = new Dictionary<string, string> { [KeyId] = MacKey },
            },
        };
        var dns = ChildProcess.Start(
            dnsProgram,
            ["-defaultIPv6", "", "-dns01", $"127.0.0.1:{dnsPort}", "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", $"127.0.0.1:{dnsManagement}"]);
        var pebble = ChildProcess.Start(
            program, ["-config", folder.Write("pebble.json", JsonSerializer.Serialize(configuration)), "-dnsserver", $"127.0.0.1:{dnsPort}"],
            new Dictionary<string, string?> { ["PEBBLE_VA_NOSLEEP"] = "1", ["PEBBLE_WFE_NONCEREJECT"] = "50" });
        var server = new PebbleServer(pebble, dns, caFile, port);
        try
        {
            await Waiting.UntilListeningAsync(new IPEndPoint(IPAddress.Loopback, dnsManagement), dns, Patience, CancellationToken.None);
            await Waiting.UntilListeningAsync(new IPEndPoint(IPAddress.Loopback, port), pebble, Patience, CancellationToken.None);
            await Waiting.UntilListeningAsync(new IPEndPoint(IPAddress.Loopback, management), pebble, Patience, CancellationToken.None);
            server.RootFile = folder.Write("pebble-root.pem", await ReadRootAsync(certificate, management));
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        await _pebble.DisposeAsync();
        await _dns.DisposeAsync();
    }

    private static X509Certificate2 OwnCertificate(ECDsa key)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        var request = new CertificateRequest("CN=pebble", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static async Task<string> ReadRootAsync(X509Certificate2 own, int management)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetRawCertData().AsSpan().SequenceEqual(own.RawData) == true },
        });
        return await http.GetStringAsync(new Uri($"https://localhost:{management}/roots/0"));
    }
}
