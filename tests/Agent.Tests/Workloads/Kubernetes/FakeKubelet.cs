using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Tests.Workloads.Kubernetes;

/// <summary>A kubelet over TLS with a certificate of a CA of its own, which wants a token and answers what the test says.</summary>
internal sealed class FakeKubelet : IAsyncDisposable
{
    public const string Token = "eyJhbGciOiJub25lIn0.a.b";

    private readonly TempDirectory _folder = new();
    private readonly WebApplication _application;
    private readonly X509Certificate2 _certificate;
    private int _asked;

    private FakeKubelet(WebApplication application, X509Certificate2 certificate) => (_application, _certificate) = (application, certificate);

    public static async Task<FakeKubelet> StartAsync(bool tls = true)
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ca = new CertificateRequest("CN=kubelet-ca", caKey, HashAlgorithmName.SHA256);
        ca.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var (from, until) = (DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        using var root = ca.CreateSelfSigned(from, until);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest("CN=system:node:node-1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("node-1");
        leaf.CertificateExtensions.Add(names.Build());
        leaf.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var bare = leaf.Create(root, from, until, [1, 2, 3]);
        var certificate = X509CertificateLoader.LoadPkcs12(bare.CopyWithPrivateKey(key).Export(X509ContentType.Pfx), null);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (tls)
            {
                listen.UseHttps(certificate);
            }
        }));
        var kubelet = new FakeKubelet(builder.Build(), certificate);
        kubelet._application.Run(kubelet.AnswerAsync);
        await kubelet._application.StartAsync();
        kubelet._folder.Write("ca.crt", root.ExportCertificatePem());
        kubelet._folder.Write("token", Token + "\n");
        return kubelet;
    }

    /// <summary>The body of each answer, by its turn from 1.</summary>
    public Func<int, string> Body { get; set; } = _ => """{"items":[]}""";

    /// <summary>Each answer waits for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public int Asked => Volatile.Read(ref _asked);

    /// <summary>What the last question bore.</summary>
    public string? Authorization { get; private set; }

    public string Address => _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public KubernetesAttestorOptions Options(Action<KubernetesAttestorOptions>? change = null)
    {
        var options = new KubernetesAttestorOptions
        {
            Enabled = true, Kubelet = Address, CaFile = _folder.File("ca.crt"), TokenFile = _folder.File("token"), PollInterval = TimeSpan.FromMilliseconds(50),
        };
        change?.Invoke(options);
        return options;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _certificate.Dispose();
        _folder.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var turn = Interlocked.Increment(ref _asked);
        Authorization = http.Request.Headers.Authorization;
        await Gate;
        var expected = http.Request.IsHttps ? $"Bearer {Token}" : null;
        http.Response.StatusCode = http.Request.Path != "/pods" ? StatusCodes.Status404NotFound
            : expected is not null && Authorization != expected ? StatusCodes.Status401Unauthorized : StatusCode;
        await http.Response.WriteAsync(Body(turn));
    }
}
