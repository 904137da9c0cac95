using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Bench;

/// <summary>An attacker who listens where a false membership row says that a silo is, with a certificate that he made himself, and takes any client.</summary>
internal sealed class FalseSilo : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, LoopbackPort.Free());
    private readonly X509Certificate2 _certificate = Certificate();
    private readonly CancellationTokenSource _over = new();
    private int _dialled;
    private int _greeted;

    public FalseSilo()
    {
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Dialled => Volatile.Read(ref _dialled);

    /// <summary>Connections on which the other side took this one for a silo.</summary>
    public int Greeted => Volatile.Read(ref _greeted);

    /// <summary>Waits until someone came and a little longer, or until the time is up.</summary>
    public async Task UntilDialledAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (Dialled == 0 && clock.Elapsed < patience)
        {
            await Task.Delay(100, cancellationToken);
        }

        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
    }

    public void Dispose()
    {
        _over.Cancel();
        _listener.Dispose();
        _certificate.Dispose();
        _over.Dispose();
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=silo", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddUri(new Uri($"spiffe://bootstrap.{SiloSetup.TrustDomain}/authority/silo-1"));
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_over.Token);
                Interlocked.Increment(ref _dialled);
                _ = Task.Run(() => GreetAsync(client));
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The attack is over.
        }
    }

    private static bool TakeAnyone(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => sender is SslStream;

    private async Task GreetAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var tls = new SslStream(client.GetStream());
                await tls.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions { ServerCertificate = _certificate, ClientCertificateRequired = true, RemoteCertificateValidationCallback = TakeAnyone },
                    _over.Token);

                // TLS 1.3 lets a server end its part before the client has judged him: only what comes afterwards shows that he was taken for a silo.
                if (await tls.ReadAsync(new byte[1], _over.Token) > 0)
                {
                    Interlocked.Increment(ref _greeted);
                }
            }
            catch (Exception failure) when (failure is AuthenticationException or IOException or OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Refused, which is the point.
            }
        }
    }
}
