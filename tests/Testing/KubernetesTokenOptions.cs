using System.Text.Json.Nodes;

namespace MeshGrains.Testing;

/// <summary>How a test token differs from a good one; everything left out makes it good.</summary>
public sealed record KubernetesTokenOptions
{
    public IReadOnlyList<string> Audiences { get; init; } = [KubernetesTokens.DefaultAudience];

    /// <summary>From now to <c>exp</c>; negative makes an expired token.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The instant of <c>iat</c> and <c>nbf</c>; the issuer's clock unless given.</summary>
    public DateTimeOffset? Now { get; init; }

    public string? Issuer { get; init; }

    public string? Pod { get; init; }

    public string? PodUid { get; init; }

    public string Node { get; init; } = "node-1";

    /// <summary>The <c>alg</c> that the header claims, whatever really signs.</summary>
    public string? Algorithm { get; init; }

    /// <summary>The <c>kid</c> that the header claims, whatever really signs.</summary>
    public string? KeyId { get; init; }

    /// <summary>Signs with this key of the issuer instead of its newest.</summary>
    public string? SigningKeyId { get; init; }

    public Action<JsonObject>? EditHeader { get; init; }

    public Action<JsonObject>? EditClaims { get; init; }

    /// <summary>The header's text as it is, instead of a made one.</summary>
    public string? RawHeader { get; init; }

    /// <summary>The claims' text as it is, instead of made ones.</summary>
    public string? RawClaims { get; init; }
}
