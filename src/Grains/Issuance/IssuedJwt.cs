namespace MeshGrains.Grains;

/// <summary>An issued JWT-SVID, already recorded.</summary>
public sealed record IssuedJwt(string SpiffeId, string Token, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt)
{
    /// <summary>Never the token: whoever has it is the workload.</summary>
    public override string ToString() => $"{SpiffeId} until {ExpiresAt:O}";
}
