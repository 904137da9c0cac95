namespace MeshGrains.Grains;

/// <summary>Makes and redeems join tokens. The value is shown once and never stored.</summary>
public interface IJoinTokenService
{
    /// <summary>A new token for an existing entry; its value has 256 random bits.</summary>
    ValueTask<(string Value, JoinToken Token)> CreateAsync(string entryId, TimeSpan ttl, string createdBy, CancellationToken cancellationToken);

    /// <summary>Consumes a token; null when it is unknown, used or ended (one answer for all three).</summary>
    ValueTask<JoinToken?> RedeemAsync(string value, CancellationToken cancellationToken);
}
