using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Compare-and-swap on one sealed document.</summary>
[GrainType("acme")]
internal sealed class AcmeGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<AcmeState> persistent, IOptions<TrustDomainOptions> trustDomain, IRandomSource random)
    : Grain, IAcmeGrain
{
    private const int Attempts = 4;

    private GrainRecord<AcmeState> _record = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (this.GetPrimaryKeyString() != trustDomain.Value.ClusterKey)
        {
            throw new GrainOperationException(
                RefusalCode.NotFound, "no_such_cluster", $"This deployment serves {trustDomain.Value.ClusterKey}, not {this.GetPrimaryKeyString()}.");
        }

        _record = new GrainRecord<AcmeState>(persistent, static state => state.OperationId);
        return Task.CompletedTask;
    }

    public async Task<SealedAcme> GetAsync()
    {
        await _record.SettleAsync();
        return new SealedAcme(_record.Committed.Number, _record.Committed.Box);
    }

    public async Task<bool> PutAsync(SealedAcme next)
    {
        if (next.Box.Length is 0 or > SealedAcme.MaxBytes)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "acme_document_size", $"The document has {next.Box.Length} bytes; it may have 1 to {SealedAcme.MaxBytes}.");
        }

        await _record.SettleAsync();
        for (var attempt = 1; ; attempt++)
        {
            var stored = _record.Committed;
            if (next.Number != stored.Number + 1)
            {
                return next.Number == stored.Number && next.Box.AsSpan().SequenceEqual(stored.Box);
            }

            try
            {
                await _record.CommitAsync(stored with { Number = next.Number, Box = next.Box, OperationId = random.NewId() });
                return true;
            }
            catch (RecordConflictException conflict) when (attempt == Attempts)
            {
                throw new GrainOperationException(RefusalCode.Unavailable, "state_conflict", conflict.Message);
            }
            catch (RecordConflictException)
            {
                // Judged anew by what the other one wrote.
            }
        }
    }
}
