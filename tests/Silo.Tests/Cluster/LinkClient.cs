using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;

namespace MeshGrains.Silo.Tests;

/// <summary>Comes to a silo's port as another silo would, with a certificate of the test's choice.</summary>
internal static class LinkClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static X509Certificate2 Certificate(BootstrapAuthority ca, string role, string name, TimeSpan ttl, TimeSpan? ago = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var der = ca.Issue(role, name, key.ExportSubjectPublicKeyInfo(), ["localhost"], ttl, new RandomSerialSource(), DateTimeOffset.UtcNow - (ago ?? TimeSpan.Zero));
        return X509CertificateLoader.LoadCertificate(der).CopyWithPrivateKey(key);
    }

    /// <summary>Whether the silo talks back: over TLS 1.3 a client learns of a refusal only when it reads.</summary>
    public static async Task<bool> IsAcceptedAsync(IPEndPoint silo, X509Certificate2? certificate)
    {
        using var patience = new CancellationTokenSource(Patience);
        await using var tls = await ConnectAsync(silo, certificate, patience.Token);
        return tls is not null && await ReadAsync(tls, patience.Token) > 0;
    }

    /// <summary>Stays connected and silent until the silo ends the connection; when that was.</summary>
    public static async Task<DateTimeOffset> EndOfConnectionAsync(IPEndPoint silo, X509Certificate2 certificate)
    {
        using var patience = new CancellationTokenSource(Patience);
        await using var tls = await ConnectAsync(silo, certificate, patience.Token) ?? throw new InvalidOperationException("The silo refused the certificate.");
        Assert.True(await ReadAsync(tls, patience.Token) > 0, "the silo refused the certificate");
        while (await ReadAsync(tls, patience.Token) > 0)
        {
        }

        return DateTimeOffset.UtcNow;
    }

    private static async Task<SslStream?> ConnectAsync(IPEndPoint silo, X509Certificate2? certificate, CancellationToken cancellationToken)
    {
        var socket = new Socket(silo.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(silo, cancellationToken);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
                    RemoteCertificateValidationCallback = (_, server, _, _) => server is not null,
                },
                cancellationToken);
            return tls;
        }
        catch (Exception refused) when (refused is IOException or System.Security.Authentication.AuthenticationException)
        {
            await tls.DisposeAsync();
            return null;
        }
    }

    private static async Task<int> ReadAsync(SslStream tls, CancellationToken cancellationToken)
    {
        try
        {
            return await tls.ReadAsync(new byte[1024], cancellationToken);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
