namespace MeshGrains.Grains;

/// <summary>
/// Keeps what the bundle endpoint's ACME certificate is made of, for all silos of a cluster: they read it, and one at a time changes it. What is in it is theirs; here it is
/// a sealed box. Key: the cluster's.
/// </summary>
[Alias("mg.IAcmeGrain")]
public interface IAcmeGrain : IGrainWithStringKey
{
    [Alias("Get")]
    Task<SealedAcme> GetAsync();

    /// <summary>Writes the box that follows the stored one; false when another one follows it already. The same write again is true.</summary>
    [Alias("Put")]
    Task<bool> PutAsync(SealedAcme next);
}
