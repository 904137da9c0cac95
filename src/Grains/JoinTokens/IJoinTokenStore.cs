namespace MeshGrains.Grains;

/// <summary>Join tokens. Consuming is one atomic step in the store, so that no race admits two.</summary>
public interface IJoinTokenStore
{
    ValueTask AddAsync(JoinToken token, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the token for ever and returns it; null when it is unknown, already taken or past its end at <paramref name="now"/>. Where several processes
    /// take tokens, the call that took it finds it again under its <paramref name="claim"/>: a relay tries one call at several silos.
    /// </summary>
    ValueTask<JoinToken?> TryConsumeAsync(string trustDomain, string tokenHash, string claim, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Drops tokens that ended before <paramref name="before"/>; returns how many.</summary>
    ValueTask<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken);
}
