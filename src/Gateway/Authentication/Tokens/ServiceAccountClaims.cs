namespace MeshGrains.Gateway;

/// <summary>
/// The claims of a projected service-account token that decide anything, as spans into its payload; empty where absent.
/// Source: Kubernetes pkg/serviceaccount/claims.go (private claim <c>kubernetes.io</c>) and RFC 7519 section 4.1.
/// </summary>
internal ref struct ServiceAccountClaims
{
    public ReadOnlySpan<byte> Issuer;
    public ReadOnlySpan<byte> Subject;

    /// <summary>The first audience; <see cref="AudienceCount"/> tells whether it is the only one.</summary>
    public ReadOnlySpan<byte> Audience;
    public int AudienceCount;

    /// <summary>Seconds since 1970-01-01 UTC; null where absent.</summary>
    public long? Expires;
    public long? NotBefore;
    public long? IssuedAt;

    public ReadOnlySpan<byte> Namespace;
    public ReadOnlySpan<byte> ServiceAccount;
    public ReadOnlySpan<byte> ServiceAccountUid;
    public ReadOnlySpan<byte> Pod;
    public ReadOnlySpan<byte> PodUid;
    public ReadOnlySpan<byte> Node;
    public ReadOnlySpan<byte> NodeUid;
}
