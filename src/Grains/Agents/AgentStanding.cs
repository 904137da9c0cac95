namespace MeshGrains.Grains;

/// <summary>
/// An agent behind a validated SVID, as the issuance log and the registrations know it: the entry that it was attested by, when that was, and which
/// issuing CA signed the SVID that it showed. Denials are no part of it: they are asked at every use.
/// </summary>
public sealed record AgentStanding(string AgentId, string EntryId, DateTimeOffset AttestedAt, string? IssuerAuthorityId);
