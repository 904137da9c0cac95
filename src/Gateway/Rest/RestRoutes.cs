using MeshGrains.Gateway.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary>Maps one REST operation with its access and its description. Handlers are plain delegates: nothing is compiled at start.</summary>
internal static class RestRoutes
{
    public const string Prefix = "/v1";

    public static IEndpointConventionBuilder MapRest(
        this IEndpointRouteBuilder endpoints, string method, string path, Access access, RestOperation operation, RequestDelegate handler)
        => endpoints.MapMethods(Prefix + path, [method], handler)
            .WithMetadata(access, operation, handler.Method)
            .WithName(operation.Id)
            .WithTags(operation.Tag)
            .WithSummary(operation.Summary)
            .Answers<Problem>(StatusCodes.Status400BadRequest, "application/problem+json");

    public static IEndpointConventionBuilder Takes<T>(this IEndpointConventionBuilder builder)
        => builder.WithMetadata(new AcceptsMetadata(["application/json"], typeof(T)));

    public static IEndpointConventionBuilder Answers<T>(
        this IEndpointConventionBuilder builder, int status = StatusCodes.Status200OK, string contentType = "application/json")
        => builder.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(T), [contentType]));

    public static IEndpointConventionBuilder AnswersNothing(this IEndpointConventionBuilder builder)
        => builder.WithMetadata(new ProducesResponseTypeMetadata(StatusCodes.Status204NoContent, typeof(void)));

    private static IEndpointConventionBuilder WithName(this IEndpointConventionBuilder builder, string name)
        => builder.WithMetadata(new EndpointNameMetadata(name));

    private static IEndpointConventionBuilder WithTags(this IEndpointConventionBuilder builder, string tag)
        => builder.WithMetadata(new TagsAttribute(tag));

    private static IEndpointConventionBuilder WithSummary(this IEndpointConventionBuilder builder, string summary)
        => builder.WithMetadata(new EndpointSummaryAttribute(summary));
}
