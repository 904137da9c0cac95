using System.Text.Json;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Tests.Harness;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Gateway.Tests.Rest;

public sealed class OpenApiTests
{
    [Fact]
    public async Task Every_operation_is_described_with_its_parameters_and_shapes()
    {
        await using var host = await GatewayHost.StartAsync();
        var document = JsonDocument.Parse(await host.Client().GetStringAsync("/openapi/v1.json")).RootElement;
        Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        var described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => operation.Value.GetProperty("operationId").GetString()!))
            .Order(StringComparer.Ordinal);
        var mapped = host.App.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Select(endpoint => endpoint.Metadata.GetMetadata<RestOperation>()?.Id).OfType<string>().Order(StringComparer.Ordinal);
        Assert.Equal(mapped, described);

        var delete = document.GetProperty("paths").GetProperty("/v1/entries/{id}").GetProperty("delete").GetProperty("parameters").EnumerateArray()
            .Select(parameter => (parameter.GetProperty("name").GetString(), parameter.GetProperty("in").GetString(), parameter.GetProperty("required").GetBoolean()));
        Assert.Equal([("id", "path", true), ("reason", "query", true)], delete);
        var create = document.GetProperty("paths").GetProperty("/v1/entries").GetProperty("post");
        Assert.Contains("EntryBody", create.GetProperty("requestBody").ToString(), StringComparison.Ordinal);
        Assert.Contains("EntryView", create.GetProperty("responses").GetProperty("201").ToString(), StringComparison.Ordinal);
        Assert.Contains("Problem", create.GetProperty("responses").GetProperty("400").ToString(), StringComparison.Ordinal);
        var entry = document.GetProperty("components").GetProperty("schemas").GetProperty("EntryBody").GetProperty("properties");
        Assert.True(entry.TryGetProperty("spiffeId", out _));
    }
}
