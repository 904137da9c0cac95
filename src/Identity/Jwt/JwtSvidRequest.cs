namespace MeshGrains.Identity;

/// <summary>What a JWT-SVID is to say. Times are cut to whole seconds.</summary>
public sealed record JwtSvidRequest
{
    public required SpiffeId Subject { get; init; }

    /// <summary>One value or more, none empty.</summary>
    public required IReadOnlyList<string> Audience { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The OpenID issuer's URL; null where none is published.</summary>
    public string? Issuer { get; init; }
}
