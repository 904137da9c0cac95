namespace MeshGrains.Grains;

/// <summary>
/// What a presented certificate says of its own record: the authority id of its issuer, which names the log shard, and its notBefore, which lies
/// <c>svid.backdate</c> before the record's time. A log may use it to look in one place instead of everywhere.
/// </summary>
public sealed record CertificateHint(string IssuerAuthorityId, DateTimeOffset NotBefore);
