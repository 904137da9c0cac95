using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Silo;

/// <summary>
/// The membership table as this process sees it: notes versions and silences, refuses to join beside a living silo of the same name, and lets a
/// silo whose membership is gone leave without waiting for a table that no longer knows it.
/// </summary>
internal sealed class WatchedMembershipTable(IMembershipTable inner, ClusterView view, SiloNames names, SiloFate fate, IHostApplicationLifetime lifetime) : IMembershipTable
{
    /// <summary>Puts this in front of the table that was registered last.</summary>
    public static void Decorate(IServiceCollection services, string silo)
    {
        var registered = services.Last(service => service.ServiceType == typeof(IMembershipTable));
        services.Remove(registered);
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<SiloNames>(provider, silo));
        services.AddSingleton<IMembershipTable>(provider => ActivatorUtilities.CreateInstance<WatchedMembershipTable>(
            provider, (IMembershipTable)registered.ImplementationFactory!(provider)));
    }

    private MembershipTableData? _lastRead;

    public async Task InitializeMembershipTable(bool tryInitTableVersion)
    {
        await inner.InitializeMembershipTable(tryInitTableVersion);
        await names.RequireFreeAsync(await ReadAll());
    }

    public async Task<MembershipTableData> ReadAll()
    {
        var table = await NoteAsync(inner.ReadAll());
        Volatile.Write(ref _lastRead, table);
        return table;
    }

    public Task<MembershipTableData> ReadRow(SiloAddress key) => NoteAsync(inner.ReadRow(key));

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => WriteAsync(inner.InsertRow(entry, tableVersion), tableVersion);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => WriteAsync(inner.UpdateRow(entry, etag, tableVersion), tableVersion);

    public Task UpdateIAmAlive(MembershipEntry entry) => inner.UpdateIAmAlive(entry);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => inner.CleanupDefunctSiloEntries(beforeDate);

    public Task DeleteMembershipTableEntries(string clusterId) => inner.DeleteMembershipTableEntries(clusterId);

    /// <summary>
    /// On the way out one attempt is enough: the table may have been emptied or be away, and then no attempt would ever do. The others find this
    /// silo gone by their probes.
    /// </summary>
    private bool IsLeaving => fate.IsRestarting || lifetime.ApplicationStopping.IsCancellationRequested;

    private async Task<MembershipTableData> NoteAsync(Task<MembershipTableData> reading)
    {
        try
        {
            var table = await reading;
            view.Answered(table.Version);
            return table;
        }
        catch (Exception failure)
        {
            view.Failed(failure.Message);
            if (IsLeaving && Volatile.Read(ref _lastRead) is { } known)
            {
                return known;
            }

            throw;
        }
    }

    private async Task<bool> WriteAsync(Task<bool> writing, TableVersion version)
    {
        try
        {
            var written = await writing;
            if (written)
            {
                view.Answered(version);
            }

            return written || fate.IsRestarting;
        }
        catch (Exception failure)
        {
            view.Failed(failure.Message);
            if (IsLeaving)
            {
                return true;
            }

            throw;
        }
    }
}
