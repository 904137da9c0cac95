using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Keeps a trust domain's denial set in its store, pushes every change to the silos, and knows when a number holds everywhere.</summary>
[GrainType("denials")]
internal sealed partial class DenialGrain(
    IDenialStore store, IOptions<DenialOptions> options, TimeProvider time, ILogger<DenialGrain> logger) : Grain, IDenialGrain
{
    private const int Attempts = 5;

    private readonly Dictionary<string, IDenialObserver> _silos = new(StringComparer.Ordinal);
    private DenialConfirmations _confirmations = null!;
    private DenialSet _set = DenialSet.Empty;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _confirmations = new DenialConfirmations(options.Value.Lease, time.GetUtcNow());
        _set = await store.ReadAsync(this.GetPrimaryKeyString(), cancellationToken);
    }

    public Task<DenialSet> ReadAsync() => Task.FromResult(_set);

    public Task<DenialReceipt> AddAsync(Denial denial) => ChangeAsync(
        set => DenialDecisions.Add(set, denial with { Since = time.GetUtcNow() }, options.Value.Capacity));

    public Task<DenialReceipt> RemoveAsync(DenialKind kind, string subject, string reason, string actor, string operationId) =>
        ChangeAsync(set => DenialDecisions.Remove(set, kind, subject));

    public async Task<DenialSet> ConfirmAsync(string siloName, long number, IDenialObserver silo)
    {
        _silos[siloName] = silo;
        _confirmations.Confirm(siloName, number, time.GetUtcNow());

        // The store is the truth, not this activation: another one may have written since.
        _set = await store.ReadAsync(this.GetPrimaryKeyString(), CancellationToken.None);
        return _set;
    }

    public Task<DenialReceipt> StatusAsync(long number) =>
        Task.FromResult(new DenialReceipt(number, number > _set.Number ? null : _confirmations.EffectiveAt(number, time.GetUtcNow())));

    private async Task<DenialReceipt> ChangeAsync(Func<DenialSet, DenialSet> change)
    {
        for (var attempt = 1; ; attempt++)
        {
            var next = change(_set);
            if (ReferenceEquals(next, _set))
            {
                break;
            }

            try
            {
                await store.WriteAsync(this.GetPrimaryKeyString(), next, CancellationToken.None);
                _set = next;
                await PushAsync();
                break;
            }
            catch (RecordConflictException) when (attempt < Attempts)
            {
                _set = await store.ReadAsync(this.GetPrimaryKeyString(), CancellationToken.None);
            }
        }

        return new DenialReceipt(_set.Number, _confirmations.EffectiveAt(_set.Number, time.GetUtcNow()));
    }

    private async Task PushAsync()
    {
        foreach (var (name, silo) in _silos.ToList())
        {
            try
            {
                await silo.ChangedAsync(_set).WaitAsync(TimeSpan.FromSeconds(1), time);
                _confirmations.Confirm(name, _set.Number, time.GetUtcNow());
            }
            catch (Exception failure)
            {
                // The push is a courtesy; the silo's lease is what counts.
                _silos.Remove(name);
                LogPushFailed(logger, name, _set.Number, failure.Message);
            }
        }
    }

    [LoggerMessage(EventId = 120, Level = LogLevel.Warning,
        Message = "Silo {Silo} did not take denial set {Number} at once ({Reason}); it is effective there when the silo confirms it or its lease ends.")]
    private static partial void LogPushFailed(ILogger logger, string silo, long number, string reason);
}
