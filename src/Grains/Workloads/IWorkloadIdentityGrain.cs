namespace MeshGrains.Grains;

/// <summary>One workload identity. Key: the canonical SPIFFE ID. Failures reach the caller as <see cref="GrainOperationException"/>.</summary>
[Alias("mg.IWorkloadIdentityGrain")]
public interface IWorkloadIdentityGrain : IGrainWithStringKey
{
    [Alias("Get")]
    Task<WorkloadIdentityView> GetAsync();

    /// <summary>Creates (revision 1) or replaces (stored revision + 1) an entry of this identity. Repeating an operation id is no second change.</summary>
    [Alias("PutEntry")]
    Task<RegistrationEntry> PutEntryAsync(RegistrationEntry entry);

    /// <summary>Deletes an entry and denies it at once; false when there is none.</summary>
    [Alias("DeleteEntry")]
    Task<bool> DeleteEntryAsync(string entryId, string reason, string actor, string operationId);

    /// <summary>No new certificates for this identity from the receipt's moment on.</summary>
    [Alias("Quarantine")]
    Task<DenialReceipt> QuarantineAsync(string reason, string actor, string operationId);

    [Alias("Release")]
    Task<DenialReceipt> ReleaseAsync(string reason, string actor, string operationId);

    /// <summary>The entry of a node that attested as this agent: made, or the one that it has, with its newest selectors.</summary>
    [Alias("AdmitNode")]
    Task<RegistrationEntry> AdmitNodeAsync(AdmitNode node);

    /// <summary>
    /// Ends a node agent's attestation: its registrations are deleted and denied, so that nothing is heard of it before it attests anew. Null when
    /// there was nothing to end.
    /// </summary>
    [Alias("EvictAgent")]
    Task<DenialReceipt?> EvictAgentAsync(string reason, string actor, string operationId);

    /// <summary>A node agent is not heard any more, whatever it shows, until the ban is lifted.</summary>
    [Alias("BanAgent")]
    Task<DenialReceipt> BanAgentAsync(string reason, string actor, string operationId);

    [Alias("UnbanAgent")]
    Task<DenialReceipt> UnbanAgentAsync(string reason, string actor, string operationId);
}
