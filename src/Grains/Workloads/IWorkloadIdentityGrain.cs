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
}
