using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>One workload identity: serialises changes of its registrations and asks for its quarantine. Its records live in the stores.</summary>
[GrainType("workload")]
internal sealed class WorkloadIdentityGrain(
    IRegistrationStore registrations, IGrainFactory grains, IOptions<TrustDomainOptions> trustDomain, IOptions<SvidOptions> svids, IOptions<HomeOptions> home, RegistrationChanges changes,
    TimeProvider time)
    : Grain, IWorkloadIdentityGrain
{
    private string Identity => this.GetPrimaryKeyString();

    private string TrustDomainName => trustDomain.Value.Name;

    private IDenialGrain Denials => grains.GetGrain<IDenialGrain>(TrustDomainName);

    public override Task OnActivateAsync(CancellationToken cancellationToken) =>
        SpiffeId.TryParse(Identity, out var id, out _) && id.TrustDomain.Name == TrustDomainName
            ? Task.CompletedTask
            : throw new GrainOperationException(
                RefusalCode.InvalidArgument, "bad_identity", $"'{Identity}' is no SPIFFE ID of the trust domain {TrustDomainName}.");

    public async Task<WorkloadIdentityView> GetAsync()
    {
        var entries = await ReadAsync(registrations.FindEntriesByIdentityAsync(TrustDomainName, Identity, CancellationToken.None));
        var denials = await Denials.ReadAsync();
        return new WorkloadIdentityView(Identity, [.. entries], DenialDecisions.Find(denials, DenialKind.QuarantinedIdentity, Identity));
    }

    public async Task<RegistrationEntry> PutEntryAsync(RegistrationEntry entry)
    {
        if (entry.SpiffeId != Identity || entry.TrustDomain != TrustDomainName)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "wrong_identity", $"This entry names {entry.SpiffeId}, not {Identity}.");
        }

        if (EntryRules.Refuse(entry, trustDomain.Value, svids.Value, home.Value) is { } refusal)
        {
            throw new GrainOperationException(refusal);
        }

        var before = entry.Revision == 1 ? null : await FindAsync(entry.Id);
        var stamped = entry with { CreatedAt = before?.CreatedAt ?? time.GetUtcNow() };
        try
        {
            await registrations.PutEntryAsync(stamped, CancellationToken.None);
            Tell(stamped.ParentId, before);
            return stamped;
        }
        catch (Exception failure)
        {
            // The reply may have been lost: an operation id of ours in the store is success.
            var stored = await FindAsync(entry.Id);
            if (stored?.OperationId != entry.OperationId)
            {
                throw StoreFailures.OfEntry(failure);
            }

            // Where it is an earlier try's write, the one before is not known any more; who holds it under another parent reads again in time.
            Tell(stored.ParentId, before);
            return stored;
        }
    }

    public async Task<bool> DeleteEntryAsync(string entryId, string reason, string actor, string operationId)
    {
        var entry = await FindAsync(entryId);
        var deleted = entry is not null && await DeleteAsync(entry);

        // Also when the row is gone already: an earlier attempt may have ended between the two steps.
        await Denials.AddAsync(new Denial(DenialKind.DeletedRegistration, entryId, 0, reason, actor, time.GetUtcNow(), operationId));
        if (entry is not null)
        {
            changes.Raise(entry.ParentId);
        }

        return deleted;
    }

    public Task<DenialReceipt> QuarantineAsync(string reason, string actor, string operationId) =>
        Denials.AddAsync(new Denial(DenialKind.QuarantinedIdentity, Identity, 0, reason, actor, time.GetUtcNow(), operationId));

    public Task<DenialReceipt> ReleaseAsync(string reason, string actor, string operationId) =>
        Denials.RemoveAsync(DenialKind.QuarantinedIdentity, Identity, reason, actor, operationId);

    public async Task<RegistrationEntry> AdmitNodeAsync(AdmitNode node)
    {
        CheckAgent();
        var known = (await ReadAsync(registrations.FindEntriesByIdentityAsync(TrustDomainName, Identity, CancellationToken.None)))
            .FirstOrDefault(entry => entry.ParentId == node.ParentId);
        if (node.Once && known is not null && known.OperationId != node.OperationId)
        {
            throw new GrainOperationException(
                RefusalCode.PermissionDenied, "already_attested",
                $"{Identity} has attested before, and a node of its kind attests once. Evict it ('meshctl agent evict') to let it attest again.");
        }

        // The store holds one entry of the same identity, parent and selectors: of two that attest at once, one is refused.
        var entry = known is null
            ? new RegistrationEntry(
                node.EntryId, TrustDomainName, Identity, node.ParentId, node.Selectors, null, null, [], null, [], node.ExpiresAt, time.GetUtcNow(), 1, node.OperationId)
            : known with { Selectors = node.Selectors, ExpiresAt = node.ExpiresAt, Revision = known.Revision + 1, OperationId = node.OperationId };
        return await PutEntryAsync(entry);
    }

    public async Task<DenialReceipt?> EvictAgentAsync(string reason, string actor, string operationId)
    {
        CheckAgent();
        DenialReceipt? receipt = null;
        foreach (var entry in await ReadAsync(registrations.FindEntriesByIdentityAsync(TrustDomainName, Identity, CancellationToken.None)))
        {
            // The denial first: where this ends between the two, the entry is found again.
            receipt = await Denials.AddAsync(new Denial(DenialKind.DeletedRegistration, entry.Id, 0, reason, actor, time.GetUtcNow(), operationId));
            await DeleteAsync(entry);
            changes.Raise(entry.ParentId);
        }

        return receipt;
    }

    public Task<DenialReceipt> BanAgentAsync(string reason, string actor, string operationId)
    {
        CheckAgent();
        return Denials.AddAsync(new Denial(DenialKind.BannedAgent, Identity, 0, reason, actor, time.GetUtcNow(), operationId));
    }

    public Task<DenialReceipt> UnbanAgentAsync(string reason, string actor, string operationId)
    {
        CheckAgent();
        return Denials.RemoveAsync(DenialKind.BannedAgent, Identity, reason, actor, operationId);
    }

    private void CheckAgent()
    {
        if (!AgentNames.IsAgent(Identity, TrustDomainName))
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "not_an_agent", $"{Identity} is no node agent's; theirs lie below {AgentNames.Prefix}.");
        }
    }

    private void Tell(string parentId, RegistrationEntry? before)
    {
        changes.Raise(parentId);
        if (before is not null && before.ParentId != parentId)
        {
            changes.Raise(before.ParentId);
        }
    }

    private async Task<bool> DeleteAsync(RegistrationEntry entry)
    {
        try
        {
            return await registrations.DeleteEntryAsync(TrustDomainName, entry.Id, entry.Revision, CancellationToken.None);
        }
        catch (Exception failure)
        {
            // The reply may have been lost: a row that is gone was deleted.
            return await FindAsync(entry.Id) is null ? true : throw StoreFailures.OfEntry(failure);
        }
    }

    /// <summary>The stored entry; one of another identity is that identity's alone to change.</summary>
    private async Task<RegistrationEntry?> FindAsync(string entryId)
    {
        var entry = await ReadAsync(registrations.GetEntryAsync(TrustDomainName, entryId, CancellationToken.None));
        return entry is null || entry.SpiffeId == Identity
            ? entry
            : throw new GrainOperationException(RefusalCode.InvalidArgument, "wrong_identity", $"Entry {entryId} belongs to {entry.SpiffeId}.");
    }

    private static async Task<T> ReadAsync<T>(ValueTask<T> reading)
    {
        try
        {
            return await reading;
        }
        catch (Exception failure)
        {
            throw StoreFailures.OfEntry(failure);
        }
    }
}
