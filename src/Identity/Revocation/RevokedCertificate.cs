namespace MeshGrains.Identity;

/// <summary>One line of a CRL. <paramref name="Serial"/> is lower-case hex without leading zero bytes, as the issuance log has it.</summary>
public sealed record RevokedCertificate(string Serial, DateTimeOffset RevokedAt, CrlReason Reason);
