namespace MeshGrains.Gateway.Rest;

/// <summary>Asks for a join token that admits its holder once to the identity of an entry.</summary>
internal sealed record JoinTokenBody(string EntryId, int? TtlSeconds = null);

/// <summary>The one time that a join token's value is shown.</summary>
internal sealed record JoinTokenView(string Token, string EntryId, DateTimeOffset ExpiresAt);
