using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>What a caller's registration says, ready for issuing. <see cref="Reference"/> is <c>entry/{id}</c> or <c>template/{id}</c>.</summary>
internal sealed record ResolvedRegistration(
    SpiffeId Id,
    string IdText,
    string Reference,
    TimeSpan? Ttl,
    ImmutableArray<string> DnsNames,
    DateTimeOffset? ExpiresAt)
{
    public const string EntryPrefix = "entry/";
    public const string TemplatePrefix = "template/";

    /// <summary>The entry's life of a JWT-SVID; null for the default.</summary>
    public TimeSpan? JwtTtl { get; init; }

    /// <summary>The entry's or template's own id, as denials name it.</summary>
    public string RegistrationId { get; } = Reference[(Reference.IndexOf('/', StringComparison.Ordinal) + 1)..];

    public static ResolvedRegistration Of(RegistrationEntry entry) => new(
        SpiffeId.Parse(entry.SpiffeId),
        entry.SpiffeId,
        EntryPrefix + entry.Id,
        entry.X509SvidTtlSeconds is { } x509Ttl ? TimeSpan.FromSeconds(x509Ttl) : null,
        entry.DnsNames,
        entry.ExpiresAt)
    {
        JwtTtl = entry.JwtSvidTtlSeconds is { } ttl ? TimeSpan.FromSeconds(ttl) : null,
    };

    public static ResolvedRegistration Of(RegistrationTemplate template, SpiffeId id) => new(
        id,
        id.ToString(),
        TemplatePrefix + template.Id,
        template.X509SvidTtlSeconds is { } ttl ? TimeSpan.FromSeconds(ttl) : null,
        [],
        null);
}
