using MeshGrains.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace MeshGrains.Rpc.Tests;

/// <summary>Debian's Python gRPC, which shares no code with ours, as the client of our server.</summary>
public sealed class ForeignClientTests
{
    [SkippableTheory]
    [InlineData("unary")]
    [InlineData("unary_concurrent")]
    [InlineData("metadata")]
    [InlineData("status")]
    [InlineData("every_status")]
    [InlineData("status_details")]
    [InlineData("thrown")]
    [InlineData("deadline")]
    [InlineData("cancel")]
    [InlineData("big")]
    [InlineData("too_big")]
    [InlineData("not_protobuf")]
    [InlineData("compressed")]
    [InlineData("unimplemented")]
    [InlineData("server_stream")]
    [InlineData("server_stream_error")]
    [InlineData("client_stream")]
    [InlineData("client_stream_empty")]
    [InlineData("client_stream_refused")]
    [InlineData("duplex")]
    [InlineData("duplex_big")]
    [InlineData("health")]
    [InlineData("health_watch")]
    [InlineData("reflection")]
    [InlineData("reflection_alpha")]
    public async Task A_foreign_client_agrees_on(string check)
    {
        string python = ForeignServer.RequirePython();
        await using RpcTestServer server = await RpcTestServer.StartAsync(new ForeignService().Map);

        await RunAsync(python, $"127.0.0.1:{server.Address.Port}", check);
    }

    [SkippableTheory]
    [InlineData("unary")]
    [InlineData("duplex_big")]
    public async Task A_foreign_client_agrees_over_TLS_on(string check)
    {
        string python = ForeignServer.RequirePython();
        using var folder = new TempDirectory();
        using var own = new TestCertificate("localhost");
        await using RpcTestServer server = await RpcTestServer.StartAsync(
            new ForeignService().Map, listen: endpoint => endpoint.UseHttps(own.Certificate));

        await RunAsync(python, $"localhost:{server.Address.Port}", check, own.Write(folder.FullPath).CertificateFile);
    }

    [SkippableFact]
    public async Task A_foreign_client_shows_its_certificate()
    {
        string python = ForeignServer.RequirePython();
        using var folder = new TempDirectory();
        using var own = new TestCertificate("localhost");
        using var client = new TestCertificate("python");
        await using RpcTestServer server = await RpcTestServer.StartAsync(new ForeignService().Map, listen: endpoint => endpoint.UseHttps(own.Certificate, https =>
        {
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (shown, _, _) => shown.RawDataMemory.Span.SequenceEqual(client.Certificate.RawDataMemory.Span);
        }));
        (string certificate, string key) = client.Write(folder.FullPath);

        await RunAsync(python, $"localhost:{server.Address.Port}", "client_certificate", own.Write(folder.FullPath).CertificateFile, certificate, key);
    }

    private static async Task RunAsync(string python, params string[] arguments) =>
        (await Tool.RunAsync(python, [ForeignServer.Script("rpc_client.py"), .. arguments])).EnsureSuccess();
}
