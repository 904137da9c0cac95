using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using MeshGrains.LocalCluster;

namespace MeshGrains.Bench.Tests.Renew;

public sealed class ProxyTrafficTests : IDisposable
{
    private const string Id = "spiffe://bench.test/proxy";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public void Dispose()
    {
        _listener.Dispose();
        _key.Dispose();
    }

    [Fact]
    public async Task A_proxy_that_is_not_there_fails_every_request_and_is_told_of()
    {
        var target = new ProxyTarget("nobody", new IPEndPoint(IPAddress.Loopback, LoopbackPort.Free()), SpiffeId.Parse(Id));

        await using var traffic = await RunAsync(target);

        Assert.Equal(0, target.Rotations);
        Assert.Contains("nobody: ", traffic.Told, StringComparison.Ordinal);
        Assert.True(traffic.Failed >= traffic.Requests && traffic.Reconnects == 0);
    }

    [Fact]
    public async Task A_server_whose_certificate_no_root_vouches_for_fails_every_request()
    {
        _listener.Start();
        using var done = new CancellationTokenSource();
        var serving = ServeAsync(done.Token);
        var target = new ProxyTarget("impostor", (IPEndPoint)_listener.LocalEndpoint, SpiffeId.Parse(Id));

        await using var traffic = await RunAsync(target);
        await done.CancelAsync();
        await serving;

        Assert.Contains("its certificate is refused", traffic.Told, StringComparison.Ordinal);
        Assert.True(traffic.Failed >= traffic.Requests);
    }

    [Fact]
    public void A_rotation_is_a_certificate_that_was_not_seen_before()
    {
        var target = new ProxyTarget("proxy", new IPEndPoint(IPAddress.Loopback, 1), SpiffeId.Parse(Id));
        foreach (var serial in new[] { "a", "a", "b", "a", "c" })
        {
            target.Saw(serial);
        }

        Assert.Equal((2, "c"), (target.Rotations, target.Newest));
    }

    private async Task<ProxyTraffic> RunAsync(ProxyTarget target)
    {
        var identity = new ClientIdentity("", SslStreamCertificateContext.Create(SelfSigned(), null, offline: true), new SpiffeBundle(SpiffeId.Parse(Id).TrustDomain));
        var traffic = new ProxyTraffic([target], 100, () => identity);
        for (var i = 0; i < 1500 && traffic.Failed < 10; i++)
        {
            await Task.Delay(20);
        }

        await traffic.StopAsync();
        return traffic;
    }

    private async Task ServeAsync(CancellationToken until)
    {
        using var certificate = SelfSigned();
        while (!until.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(until);
                await using var tls = new SslStream(client.GetStream());
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, until);
            }
            catch (Exception failure) when (failure is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
            {
                // The client hung up, or the test is over.
            }
        }
    }

    private X509Certificate2 SelfSigned()
    {
        var request = new CertificateRequest("CN=nobody", _key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(Id));
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
    }
}
