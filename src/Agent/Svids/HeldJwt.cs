namespace MeshGrains.Agent.Svids;

/// <summary>A JWT-SVID as it is kept. <paramref name="WasTrusted"/>: its key lay in the trust bundle when it came; when the key goes, so does the token.</summary>
internal sealed record HeldJwt(
    string SpiffeId, long EntryRevision, string Token, string KeyId, bool WasTrusted, DateTimeOffset ExpiresAt, DateTimeOffset RenewAt)
{
    /// <summary>Never the token: whoever has it is the workload.</summary>
    public override string ToString() => $"{SpiffeId} until {ExpiresAt:O}";
}
