namespace MeshGrains.Grains;

/// <summary>Makes and redeems join tokens. The value is shown once and never stored.</summary>
public interface IJoinTokenService
{
    /// <summary>A new token for an existing entry; its value has 256 random bits.</summary>
    ValueTask<(string Value, JoinToken Token)> CreateAsync(string entryId, TimeSpan ttl, string createdBy, CancellationToken cancellationToken);

    /// <summary>Consumes a token; null when it is unknown, used by another call or ended (one answer for all three).</summary>
    /// <param name="value">What the caller brought.</param>
    /// <param name="claim">The id of the call, not to be guessed and never the caller's to choose; the same each time that a relay tries the call.</param>
    /// <param name="cancellationToken">Ends the wait; the token may be used then.</param>
    ValueTask<JoinToken?> RedeemAsync(string value, string claim, CancellationToken cancellationToken);
}
