namespace MeshGrains.Grains;

/// <summary>
/// Removes registrations that expired long ago from one shard of the entry ids; the first shard drops ended join tokens too.
/// Key: <c>{trustDomain}/{shard}</c>, see <see cref="MaintenanceShards"/>.
/// </summary>
[Alias("mg.IMaintenanceGrain")]
public interface IMaintenanceGrain : IGrainWithStringKey
{
    /// <summary>Look whether something is due: a bounded piece of work, from where the last one stopped. Does nothing when not.</summary>
    [Alias("Tick")]
    Task TickAsync();
}
