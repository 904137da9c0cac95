using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>One workload identity: serialises changes of its registrations and asks for its quarantine. Its records live in the stores.</summary>
[GrainType("workload")]
internal sealed class WorkloadIdentityGrain(
    IRegistrationStore registrations, IGrainFactory grains, IOptions<TrustDomainOptions> trustDomain, IOptions<SvidOptions> svids, TimeProvider time)
    : Grain, IWorkloadIdentityGrain
{
    private string Identity => this.GetPrimaryKeyString();

    private string TrustDomainName => trustDomain.Value.Name;

    private IDenialGrain Denials => grains.GetGrain<IDenialGrain>(TrustDomainName);

    public async Task<WorkloadIdentityView> GetAsync()
    {
        var entries = await registrations.FindEntriesByIdentityAsync(TrustDomainName, Identity, CancellationToken.None);
        var denials = await Denials.ReadAsync();
        return new WorkloadIdentityView(Identity, [.. entries], DenialDecisions.Find(denials, DenialKind.QuarantinedIdentity, Identity));
    }

    public async Task<RegistrationEntry> PutEntryAsync(RegistrationEntry entry)
    {
        if (entry.SpiffeId != Identity || entry.TrustDomain != TrustDomainName)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "wrong_identity", $"This entry names {entry.SpiffeId}, not {Identity}.");
        }

        if (EntryRules.Check(entry, svids.Value.MaxTtl) is { } wrong)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_entry", wrong);
        }

        var stamped = entry with { CreatedAt = entry.Revision == 1 ? time.GetUtcNow() : entry.CreatedAt };
        try
        {
            await registrations.PutEntryAsync(stamped, CancellationToken.None);
            return stamped;
        }
        catch (Exception failure) when (failure is not RecordTamperedException)
        {
            // The reply may have been lost: an operation id of ours in the store is success.
            var stored = await registrations.GetEntryAsync(TrustDomainName, entry.Id, CancellationToken.None);
            if (stored is not null && stored.OperationId == entry.OperationId)
            {
                return stored;
            }

            throw failure is RecordConflictException
                ? new GrainOperationException(RefusalCode.Conflict, "entry_conflict", failure.Message)
                : failure;
        }
    }

    public async Task<bool> DeleteEntryAsync(string entryId, string reason, string actor, string operationId)
    {
        var entry = await registrations.GetEntryAsync(TrustDomainName, entryId, CancellationToken.None);
        if (entry is not null && entry.SpiffeId != Identity)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "wrong_identity", $"Entry {entryId} belongs to {entry.SpiffeId}.");
        }

        var deleted = entry is not null && await DeleteAsync(entry);

        // Also when the row is gone already: an earlier attempt may have ended between the two steps.
        await Denials.AddAsync(new Denial(DenialKind.DeletedRegistration, entryId, 0, reason, actor, time.GetUtcNow(), operationId));
        return deleted;
    }

    public Task<DenialReceipt> QuarantineAsync(string reason, string actor, string operationId) =>
        Denials.AddAsync(new Denial(DenialKind.QuarantinedIdentity, Identity, 0, reason, actor, time.GetUtcNow(), operationId));

    public Task<DenialReceipt> ReleaseAsync(string reason, string actor, string operationId) =>
        Denials.RemoveAsync(DenialKind.QuarantinedIdentity, Identity, reason, actor, operationId);

    private async Task<bool> DeleteAsync(RegistrationEntry entry)
    {
        try
        {
            return await registrations.DeleteEntryAsync(TrustDomainName, entry.Id, entry.Revision, CancellationToken.None);
        }
        catch (RecordConflictException conflict)
        {
            throw new GrainOperationException(RefusalCode.Conflict, "entry_conflict", conflict.Message);
        }
    }
}
