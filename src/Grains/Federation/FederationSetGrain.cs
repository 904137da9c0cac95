using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>The list, stored; who listens is in this activation's memory alone, and silos follow again every few seconds.</summary>
[GrainType("federation-set")]
internal sealed partial class FederationSetGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<FederationSetState> persistent,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<FederationOptions> options,
    IRandomSource random,
    TimeProvider time,
    ILogger<FederationSetGrain> logger) : Grain, IFederationSetGrain
{
    private const int Attempts = 4;
    private const int MaxSilos = 1024;
    private static readonly TimeSpan PushTimeout = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, IFederationObserver> _silos = new(StringComparer.Ordinal);
    private GrainRecord<FederationSetState> _record = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (this.GetPrimaryKeyString() != trustDomain.Value.Name)
        {
            throw new GrainOperationException(
                RefusalCode.NotFound, "no_such_trust_domain", $"This deployment serves the trust domain {trustDomain.Value.Name}, not {this.GetPrimaryKeyString()}.");
        }

        _record = new GrainRecord<FederationSetState>(persistent, static state => state.OperationId);
        return Task.CompletedTask;
    }

    public Task AddAsync(string foreign) => ChangeAsync(state => FederationSetDecisions.Add(state, foreign, options.Value.MaxRelationships));

    public Task TellAsync(string foreign, long number, bool gone) => ChangeAsync(state => FederationSetDecisions.Tell(state, foreign, number, gone));

    public async Task<FederationList> FollowAsync(string silo, IFederationObserver ear)
    {
        await _record.SettleAsync();
        if (_silos.Count >= MaxSilos && !_silos.ContainsKey(silo))
        {
            // Incarnations that ended without a word; those that live follow again within seconds.
            _silos.Clear();
        }

        _silos[silo] = ear;
        return FederationSetDecisions.List(_record.Committed);
    }

    public Task<FederationList> ListAsync() => Task.FromResult(FederationSetDecisions.List(_record.Committed));

    public Task LeaveAsync(string silo)
    {
        _silos.Remove(silo);
        return Task.CompletedTask;
    }

    private async Task ChangeAsync(Func<FederationSetState, FederationSetState> change)
    {
        await _record.SettleAsync();
        for (var attempt = 1; ; attempt++)
        {
            var next = change(_record.Committed);
            if (ReferenceEquals(next, _record.Committed))
            {
                return;
            }

            try
            {
                await _record.CommitAsync(next with { OperationId = random.NewId() });
                break;
            }
            catch (RecordConflictException failure) when (attempt == Attempts)
            {
                throw new GrainOperationException(RefusalCode.Unavailable, "state_conflict", failure.Message);
            }
            catch (RecordConflictException)
            {
                // Decided anew on what the other one wrote.
            }
        }

        var list = FederationSetDecisions.List(_record.Committed);
        await Task.WhenAll(_silos.ToList().Select(silo => PushAsync(silo.Key, silo.Value, list)));
    }

    private async Task PushAsync(string silo, IFederationObserver ear, FederationList list)
    {
        try
        {
            await ear.ChangedAsync(list).WaitAsync(PushTimeout, time);
        }
        catch (Exception failure)
        {
            // It finds out by itself: it asks every few seconds.
            _silos.Remove(silo);
            LogNotTold(logger, silo, list.Number, failure.Message);
        }
    }

    [LoggerMessage(EventId = 246, Level = LogLevel.Information,
        Message = "Silo {Silo} was not told of change {Number} of the foreign trust domains ({Reason}); it asks for it within seconds.")]
    private static partial void LogNotTold(ILogger logger, string silo, long number, string reason);
}
