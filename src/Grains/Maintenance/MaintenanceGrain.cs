using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>One shard of the maintenance. Every deletion is a compare-and-swap: an entry that was renewed meanwhile stays.</summary>
[GrainType("maintenance")]
internal sealed partial class MaintenanceGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<MaintenanceState> persistent,
    IRegistrationStore registrations,
    IJoinTokenStore joinTokens,
    IOptions<TrustDomainOptions> trustDomain,
    IRandomSource random,
    TimeProvider time,
    ILogger<MaintenanceGrain> logger) : Grain, IMaintenanceGrain
{
    /// <summary>An expired registration gives nothing; it stays this long for who wants to see what expired.</summary>
    internal static readonly TimeSpan KeepExpired = TimeSpan.FromDays(1);

    internal const int PageSize = 100;
    internal const int PagesPerTick = 10;

    private static readonly TimeSpan BetweenRounds = TimeSpan.FromHours(6);
    private static readonly TimeSpan BetweenPieces = TimeSpan.FromSeconds(30);

    private GrainRecord<MaintenanceState> _record = null!;
    private int _shard;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (!MaintenanceShards.TryRead(this.GetPrimaryKeyString(), trustDomain.Value.Name, out _shard))
        {
            throw new GrainOperationException(
                RefusalCode.NotFound, "no_such_shard", $"'{this.GetPrimaryKeyString()}' is no maintenance shard of the trust domain {trustDomain.Value.Name}.");
        }

        _record = new GrainRecord<MaintenanceState>(persistent, static state => state.OperationId);
        return Task.CompletedTask;
    }

    public async Task TickAsync()
    {
        var now = time.GetUtcNow();
        if (!ClusterCaDecisions.IsDue(_record.Committed.NextAt, BetweenRounds, now))
        {
            return;
        }

        // Another activation may have done it: then there is nothing to do.
        await _record.RefreshAsync();
        if (!ClusterCaDecisions.IsDue(_record.Committed.NextAt, BetweenRounds, now))
        {
            return;
        }

        try
        {
            var (after, removed) = await RemoveExpiredAsync(_record.Committed.After, now);
            var tokens = _shard == 0 && after is null ? await joinTokens.PruneAsync(now - KeepExpired, CancellationToken.None) : 0;
            await _record.CommitAsync(new MaintenanceState
            {
                NextAt = now + ((after is null ? BetweenRounds : BetweenPieces) * random.NextJitter(0.3)),
                After = after,
                OperationId = random.NewId(),
            });
            if (removed + tokens > 0)
            {
                LogRemoved(logger, _shard, removed, tokens);
            }
        }
        catch (RecordConflictException)
        {
            // Another activation was first; what was deleted stays deleted.
        }
        catch (Exception failure)
        {
            throw StoreFailures.Of(failure);
        }
    }

    private async Task<(string? After, int Removed)> RemoveExpiredAsync(string? after, DateTimeOffset now)
    {
        var (first, last) = MaintenanceShards.Range(_shard);
        var removed = 0;
        for (var page = 0; page < PagesPerTick; page++)
        {
            var entries = await registrations.ListEntriesAsync(trustDomain.Value.Name, after ?? first, PageSize, CancellationToken.None);
            foreach (var entry in entries)
            {
                if (last is not null && string.CompareOrdinal(entry.Id, last) > 0)
                {
                    return (null, removed);
                }

                after = entry.Id;
                removed += entry.ExpiresAt + KeepExpired < now && await RemoveAsync(entry) ? 1 : 0;
            }

            if (entries.Count < PageSize)
            {
                return (null, removed);
            }
        }

        return (after, removed);
    }

    private async Task<bool> RemoveAsync(RegistrationEntry entry)
    {
        try
        {
            return await registrations.DeleteEntryAsync(trustDomain.Value.Name, entry.Id, entry.Revision, CancellationToken.None);
        }
        catch (RecordConflictException)
        {
            return false;
        }
    }

    [LoggerMessage(EventId = 181, Level = LogLevel.Information,
        Message = "Maintenance of shard {Shard} removed {Entries} registrations and {Tokens} join tokens that ended long ago.")]
    private static partial void LogRemoved(ILogger logger, int shard, int entries, int tokens);
}
