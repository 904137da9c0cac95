using System.Globalization;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.Istio;

/// <summary>Debian's grpcio calls as istio-agent does: over TLS it verifies, with a bearer token, messages made without our code.</summary>
public sealed class ForeignClientTests
{
    private const string Client = """
        import sys, grpc
        port, roots, csr_file, token = sys.argv[1:]
        def varint(n):
            out = b''
            while n > 127:
                out += bytes([n & 127 | 128]); n >>= 7
            return out + bytes([n])
        csr = open(csr_file, 'rb').read()
        request = b'\x0a' + varint(len(csr)) + csr + b'\x18' + varint(600)
        def strings(data):
            found, at = [], 0
            while at < len(data):
                assert data[at] == 0x0a; at += 1
                size, shift = 0, 0
                while True:
                    b = data[at]; at += 1
                    size |= (b & 127) << shift; shift += 7
                    if b < 128: break
                found.append(data[at:at + size].decode()); at += size
            return found
        credentials = grpc.ssl_channel_credentials(open(roots, 'rb').read())
        channel = grpc.secure_channel('localhost:' + port, credentials)
        call = channel.unary_unary('/istio.v1.auth.IstioCertificateService/CreateCertificate', lambda m: m, strings)
        try:
            reply, info = call.with_call(request, metadata=[('authorization', 'Bearer ' + token), ('clusterid', 'Kubernetes')], timeout=30)
            print('OK', len(reply), dict(info.initial_metadata())['mesh-request-id'])
            print(''.join(reply))
        except grpc.RpcError as e:
            print(e.code().name, e.details())
        """;

    [SkippableTheory]
    [InlineData("good", "OK 3 ")]
    [InlineData("bad", "UNAUTHENTICATED request authenticate failure: the token is not valid (request ")]
    public async Task Debians_grpcio_gets_its_certificate_or_its_refusal(string token, string expected)
    {
        var python = Tool.RequirePython("grpc", "python3-grpcio");
        await using var host = await GatewayHost.StartAsync();
        using var folder = new TempDirectory();
        var roots = folder.Write("roots.pem", host.Issuance.Ca.Snapshot.BundlePem);
        var csr = folder.Write("csr.pem", CsrPem.Encode(TestCa.Csr()));
        var result = (await Tool.RunAsync(
            python, ["-c", Client, host.Port.ToString(CultureInfo.InvariantCulture), roots, csr, token])).EnsureSuccess();
        Assert.StartsWith(expected, result.Output, StringComparison.Ordinal);
    }
}
