namespace MeshGrains.Gateway.Rest;

/// <summary>What a walk over the issuance log found: nothing when it is whole. What was added after it began is left out; it stops at 100 findings.</summary>
internal sealed record LogVerificationView(bool Whole, IReadOnlyList<string> Findings, DateTimeOffset BeganAt, DateTimeOffset EndedAt);
