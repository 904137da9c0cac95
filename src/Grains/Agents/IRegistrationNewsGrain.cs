using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// Passes on which parents' entries changed, from the silo that wrote to all others, numbered. It stores nothing: the entries are the truth, and a silo
/// that cannot tell what it missed reads them again. Key: the trust domain's name.
/// </summary>
[Alias("mg.IRegistrationNewsGrain")]
public interface IRegistrationNewsGrain : IGrainWithStringKey
{
    /// <summary>Entries of these parents changed; returns when every silo that listens was told, or did not answer in time.</summary>
    /// <param name="silo">The incarnation that wrote, which knows it already.</param>
    /// <param name="parents">SPIFFE IDs.</param>
    /// <param name="anyone">The writer lost count: more than these.</param>
    [Alias("Announce")]
    Task AnnounceAsync(string silo, ImmutableArray<string> parents, bool anyone);

    /// <summary>
    /// What a silo that holds this number missed; from now on it is told through <paramref name="ear"/>. Repeated every few seconds, which finds what a
    /// push lost.
    /// </summary>
    /// <param name="silo">Its incarnation.</param>
    /// <param name="epoch">Of the last news that it took; empty before the first.</param>
    /// <param name="number">Of the last news that it took.</param>
    /// <param name="ear">Where it listens.</param>
    [Alias("Follow")]
    Task<RegistrationNews> FollowAsync(string silo, string epoch, long number, IRegistrationObserver ear);

    /// <summary>A silo that stops listens no more.</summary>
    [Alias("Leave")]
    Task LeaveAsync(string silo);
}
