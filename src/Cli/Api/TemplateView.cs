namespace MeshGrains.Cli;

/// <summary>A registration template as it is stored.</summary>
internal sealed record TemplateView(
    string Id, string Source, string Pattern, int? X509SvidTtlSeconds, string? Hint, DateTimeOffset CreatedAt, long Revision);

/// <summary>A registration template to create.</summary>
internal sealed record TemplateBody(string Source, string Pattern, int? X509SvidTtlSeconds = null, string? Hint = null);

internal sealed record TemplateList(IReadOnlyList<TemplateView> Templates);
