using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

/// <summary>A request as the fake control plane got it.</summary>
internal sealed record SeenRequest(
    string Method, string Path, string Query, string Body, string? Authorization, string? IfMatch, string? ContentType, string? ClientId, bool OverSocket,
    string? IdempotencyKey = null)
{
    public JsonNode Json => JsonNode.Parse(Body)!;

    public string Target => $"{Method} {Path}{Query}";
}
