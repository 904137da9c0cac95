using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Istio;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Bench.Tests;

/// <summary>CreateCertificate over TLS without anything behind it but an issuing CA in memory; it takes the token "good" alone.</summary>
internal sealed class StubGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly InProcessIssuer _issuer = new();

    private StubGateway()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=stub", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var bare = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        TrustPem = bare.ExportCertificatePem();
        var certificate = X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(certificate);
        }));
        _app = builder.Build();
        _app.MapGrpcUnary("/istio.v1.auth.IstioCertificateService/CreateCertificate", IstioCertificateRequest.Parser, Answer);
    }

    public string TrustPem { get; }

    public GrpcTarget Target { get; private set; } = null!;

    public static async Task<StubGateway> StartAsync()
    {
        var stub = new StubGateway();
        await stub._app.StartAsync();
        var address = new Uri(stub._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        stub.Target = new GrpcTarget { Address = new IPEndPoint(IPAddress.Loopback, address.Port), TrustPem = stub.TrustPem };
        return stub;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _issuer.Dispose();
    }

    private ValueTask<IstioCertificateResponse> Answer(IstioCertificateRequest request, RpcServerContext context)
    {
        if (context.HttpContext.Request.Headers.Authorization != "Bearer good")
        {
            throw new RpcException(RpcStatusCode.Unauthenticated, "no");
        }

        CsrPem.TryDecode(request.Csr, out var der, out _);
        return ValueTask.FromResult(new IstioCertificateResponse { CertChain = { PemWriter.EncodeCertificate(_issuer.Issue(der)), new string('r', 20_000) } });
    }
}
