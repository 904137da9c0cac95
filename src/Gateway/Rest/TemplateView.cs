using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>A registration template as it is stored.</summary>
internal sealed record TemplateView(
    string Id, string Source, string Pattern, int? X509SvidTtlSeconds, string? Hint, DateTimeOffset CreatedAt, long Revision)
{
    public static TemplateView Of(RegistrationTemplate template) => new(
        template.Id, template.Source, template.Pattern, template.X509SvidTtlSeconds, template.Hint, template.CreatedAt, template.Revision);
}

internal sealed record TemplateList(IReadOnlyList<TemplateView> Templates);
