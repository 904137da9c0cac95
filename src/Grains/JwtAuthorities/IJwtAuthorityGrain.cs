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
}
