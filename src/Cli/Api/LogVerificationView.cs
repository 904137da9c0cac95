namespace MeshGrains.Cli;

/// <summary>What a walk over the issuance log's hash chain found.</summary>
internal sealed record LogVerificationView(bool Whole, IReadOnlyList<string> Findings, DateTimeOffset BeganAt, DateTimeOffset EndedAt);
