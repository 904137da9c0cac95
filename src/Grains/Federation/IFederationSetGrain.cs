namespace MeshGrains.Grains;

/// <summary>
/// Which foreign trust domains there are, with the number of each one's keys; tells every silo at once when that changes. The relationships themselves are
/// the truth: a silo that was not told compares the numbers. Key: the trust domain's name.
/// </summary>
[Alias("mg.IFederationSetGrain")]
public interface IFederationSetGrain : IGrainWithStringKey
{
    /// <summary>Takes a place in the list before the relationship is written.</summary>
    [Alias("Add")]
    Task AddAsync(string foreign);

    /// <summary>The number that a relationship has now; <paramref name="gone"/> takes it off the list. The same again changes nothing.</summary>
    [Alias("Tell")]
    Task TellAsync(string foreign, long number, bool gone);

    /// <summary>The list; from now on changes are told through <paramref name="ear"/>. Repeated every few seconds, which finds what a push lost.</summary>
    /// <param name="silo">Its incarnation.</param>
    /// <param name="ear">Where it listens.</param>
    [Alias("Follow")]
    Task<FederationList> FollowAsync(string silo, IFederationObserver ear);

    [AlwaysInterleave]
    [Alias("List")]
    Task<FederationList> ListAsync();

    /// <summary>A silo that stops listens no more.</summary>
    [Alias("Leave")]
    Task LeaveAsync(string silo);
}
