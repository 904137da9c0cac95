namespace MeshGrains.Cli;

/// <summary>Records of the issuance log, newest first; <paramref name="Next"/> asks for older ones.</summary>
internal sealed record IssuancePage(IReadOnlyList<IssuanceItem> Issuances, long? Next);

internal sealed record IssuanceItem(
    long? Position, string Kind, string Serial, string SpiffeId, string IssuerAuthorityId, DateTimeOffset NotBefore, DateTimeOffset NotAfter,
    string RequestId, string Caller, string RegistrationId, DateTimeOffset AttestedAt, long BundleNumber, string DerSha256, DateTimeOffset IssuedAt);
