using System.Text.Json.Nodes;
using MeshGrains.Gateway.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/openapi/v1.json</c>: made at the first question, then sent as it is.</summary>
internal static class OpenApi
{
    private const string DocumentName = "v1";

    public static void Add(IServiceCollection services)
        => services.AddOpenApi(DocumentName, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.ShouldInclude = description => description.ActionDescriptor.EndpointMetadata.OfType<RestOperation>().Any();
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo
                {
                    Title = "MeshGrains",
                    Version = DocumentName,
                    Description = "Workload identities for service meshes. Administration needs the local operator's socket or a client certificate with a role.",
                };
                document.Servers?.Clear();
                return Task.CompletedTask;
            });
            options.AddOperationTransformer((operation, context, _) =>
            {
                var rest = context.Description.ActionDescriptor.EndpointMetadata.OfType<RestOperation>().Single();
                operation.Parameters ??= [];
                foreach (var segment in (context.Description.RelativePath ?? "").Split('/').Where(segment => segment.StartsWith('{')))
                {
                    var name = segment.Trim('{', '}');
                    if (operation.Parameters.All(present => present.Name != name))
                    {
                        operation.Parameters.Add(Parameter(name, ParameterLocation.Path, null, required: true, number: false));
                    }
                }

                foreach (var one in rest.Parameters)
                {
                    var location = one.In == "header" ? ParameterLocation.Header : ParameterLocation.Query;
                    operation.Parameters.Add(Parameter(one.Name, location, one.Description, one.Required, one.IsNumber));
                }

                return Task.CompletedTask;
            });
        });

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var document = new MadeOnce<byte[]>(() => RenderAsync(endpoints.ServiceProvider));
        endpoints.MapGet($"/openapi/{DocumentName}.json", async http =>
            {
                var bytes = await document.GetAsync();
                http.Response.ContentType = "application/json; charset=utf-8";
                await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
            })
            .WithMetadata(Access.Open(ListenerKinds.Mesh | ListenerKinds.Admin));
    }

    private static async Task<byte[]> RenderAsync(IServiceProvider services)
    {
        var document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(DocumentName).GetOpenApiDocumentAsync();
        using var buffer = new MemoryStream();
        await document.SerializeAsJsonAsync(buffer, OpenApiSpecVersion.OpenApi3_1);
        return buffer.ToArray();
    }

    private static OpenApiParameter Parameter(string name, ParameterLocation location, string? description, bool required, bool number) => new()
    {
        Name = name,
        In = location,
        Description = description,
        Required = required,
        Schema = new OpenApiSchema { Type = number ? JsonSchemaType.Integer : JsonSchemaType.String },
    };
}
