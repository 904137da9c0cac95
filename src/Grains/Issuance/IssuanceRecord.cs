namespace MeshGrains.Grains;

/// <summary>
/// One line of the issuance log. For a leaf it is durable before the certificate leaves the process. <paramref name="Serial"/> is lowercase
/// hex without leading zero bytes; <paramref name="IssuerAuthorityId"/> names the log shard;
/// <paramref name="DerSha256"/> is 32 bytes; <paramref name="BundleNumber"/> is the trust bundle delivered with the certificate;
/// <paramref name="AttestedAt"/> is the last real attestation behind it; <paramref name="RegistrationId"/> the entry or template.
/// Times are kept to the second.
/// </summary>
public sealed record IssuanceRecord(
    IssuanceRecordKind Kind,
    string TrustDomain,
    string Serial,
    string SpiffeId,
    string IssuerAuthorityId,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    string RequestId,
    string Caller,
    string RegistrationId,
    DateTimeOffset AttestedAt,
    long BundleNumber,
    ReadOnlyMemory<byte> DerSha256,
    DateTimeOffset IssuedAt);
