using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Rpc;
using MeshGrains.Rpc.ReflectionV1;

namespace MeshGrains.Gateway.Tests.Serving;

public sealed class ReflectionTests
{
    [Fact]
    public async Task The_gateway_tells_anyone_what_it_speaks()
    {
        await using var host = await GatewayHost.StartAsync();
        using var call = host.Channel().Duplex<ServerReflectionRequest, ServerReflectionResponse>(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", ServerReflectionResponse.Parser);
        await call.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        var services = (await call.ReadAsync())!.ListServicesResponse.Service.Select(service => service.Name);
        Assert.Contains("istio.v1.auth.IstioCertificateService", services);
        Assert.Contains("grpc.health.v1.Health", services);

        await call.WriteAsync(new ServerReflectionRequest { FileContainingSymbol = "istio.v1.auth.IstioCertificateService" });
        Assert.NotEmpty((await call.ReadAsync())!.FileDescriptorResponse.FileDescriptorProto);
        call.CompleteRequests();
        Assert.Null(await call.ReadAsync());
    }
}
