using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>One page of the issuance log, newest first; <paramref name="Next"/> goes into the next request's <c>before</c>.</summary>
internal sealed record IssuancePage(IReadOnlyList<IssuanceItem> Issuances, long? Next);

/// <summary>One record of the issuance log. <paramref name="Position"/> is absent where it was found by serial; the hash is lowercase hex.</summary>
internal sealed record IssuanceItem(
    long? Position, IssuanceRecordKind Kind, string Serial, string SpiffeId, string IssuerAuthorityId, DateTimeOffset NotBefore, DateTimeOffset NotAfter,
    string RequestId, string Caller, string RegistrationId, DateTimeOffset AttestedAt, long BundleNumber, string DerSha256, DateTimeOffset IssuedAt)
{
    public static IssuanceItem Of(IssuanceRecord record, long? position) => new(
        position, record.Kind, record.Serial, record.SpiffeId, record.IssuerAuthorityId, record.NotBefore, record.NotAfter, record.RequestId,
        record.Caller, record.RegistrationId, record.AttestedAt, record.BundleNumber, Convert.ToHexStringLower(record.DerSha256.Span), record.IssuedAt);
}
