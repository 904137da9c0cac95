namespace MeshGrains.Cli;

/// <summary>A relationship with a foreign trust domain.</summary>
internal sealed record FederationView(
    string TrustDomain, string Url, string Profile, string? EndpointSpiffeId, bool Configured, DateTimeOffset CreatedAt, long Number, ulong? Sequence,
    int? RefreshHintSeconds, IReadOnlyList<FederationRootView>? Roots, int JwtKeys, IReadOnlyList<string>? LeftOut, DateTimeOffset? ChangedAt,
    DateTimeOffset? LastSuccessAt, DateTimeOffset? NextAt, DateTimeOffset? LastFailureAt, string? FailureReason, string? Failure, int Failures);

/// <summary>A foreign X.509 authority that is trusted.</summary>
internal sealed record FederationRootView(string AuthorityId, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>All relationships.</summary>
internal sealed record FederationPage(IReadOnlyList<FederationView>? Relationships);
