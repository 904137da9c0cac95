namespace MeshGrains.Cli;

/// <summary>A join token, shown this once.</summary>
internal sealed record JoinTokenView(string Token, string EntryId, DateTimeOffset ExpiresAt);

/// <summary>Asks for a join token.</summary>
internal sealed record JoinTokenBody(string EntryId, int? TtlSeconds = null);
