namespace MeshGrains.Grains;

/// <summary>
/// The relationship with one foreign trust domain: fetches its bundle, judges it, keeps the last good one. Key: <c>{trustDomain}/{foreign}</c>.
/// Failures reach the caller as <see cref="GrainOperationException"/>; a fetch that failed is no failure of a call, it stands in the view.
/// </summary>
[Alias("mg.IFederationGrain")]
public interface IFederationGrain : IGrainWithStringKey
{
    /// <summary>Begins the relationship, or changes one of the configuration to what that says now.</summary>
    [Alias("Put")]
    Task<FederationView> PutAsync(PutFederation wanted);

    /// <summary>Ends it: every agent drops the bundle. False when there is none.</summary>
    [Alias("Delete")]
    Task<bool> DeleteAsync(string operationId);

    /// <summary>Asks the endpoint now, whatever is due.</summary>
    /// <returns>Null when there is no such relationship.</returns>
    [Alias("Refresh")]
    Task<FederationView?> RefreshAsync();

    /// <summary>Does what is due, which mostly is nothing.</summary>
    /// <returns>Null when there is no such relationship.</returns>
    [Alias("Tick")]
    Task<FederationView?> TickAsync();

    /// <summary>Answers while a fetch is under way, too.</summary>
    /// <returns>Null when there is no such relationship.</returns>
    [AlwaysInterleave]
    [Alias("Get")]
    Task<FederationView?> GetAsync();

    /// <summary>What is trusted now. Answers while a fetch is under way, too.</summary>
    /// <returns>Null when there is no such relationship.</returns>
    [AlwaysInterleave]
    [Alias("Keys")]
    Task<FederatedKeys?> KeysAsync();
}
