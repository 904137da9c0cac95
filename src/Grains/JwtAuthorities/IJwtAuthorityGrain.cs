namespace MeshGrains.Grains;

/// <summary>
/// A cluster's JWT authorities: makes, publishes, activates and retires the keys that JWT-SVIDs are signed with. Key: <c>{trustDomain}/{cluster}</c>.
/// Failures reach the caller as <see cref="GrainOperationException"/>.
/// </summary>
[Alias("mg.IJwtAuthorityGrain")]
public interface IJwtAuthorityGrain : IGrainWithStringKey
{
    /// <summary>
    /// Does what is due, and records ahead how far tokens of the active key may reach. Asked by every silo from time to time, never for a token: many
    /// silos' questions share one write.
    /// </summary>
    [Alias("Reserve")]
    Task<JwtReservation> ReserveAsync(string operationId);

    /// <summary>All keys, and what a prepared one waits for.</summary>
    [Alias("List")]
    Task<JwtAuthorityList> ListAsync();

    /// <summary>Makes and publishes a successor of the active key, unless one is on its way. The same operation id orders once.</summary>
    [Alias("Rotate")]
    Task<JwtAuthorityList> RotateAsync(RotateJwtAuthority order);

    /// <summary>Takes a key out of the bundle for good; where it was the active one, another follows. The same key again changes nothing.</summary>
    [Alias("Taint")]
    Task<JwtAuthorityList> TaintAsync(TaintJwtAuthority order);
}
