namespace MeshGrains.Gateway.Rest;

/// <summary>A registration template as a caller gives it.</summary>
internal sealed record TemplateBody(string Source, string Pattern, int? X509SvidTtlSeconds = null, string? Hint = null);
