namespace MeshGrains.Grains;

/// <summary>
/// Issues X.509-SVIDs in this silo, off the grain scheduler, from an immutable snapshot:
/// identity, registration, denials, CSR, sign, record, and only then the reply. The warm path makes no grain call.
/// </summary>
public interface IIssuanceService
{
    ValueTask<IssuanceResult> IssueAsync(SvidRequest request, CancellationToken cancellationToken);

    /// <summary>What this silo issues from at this moment; null when it has no issuing CA and answers UNAVAILABLE.</summary>
    IssuerSnapshot? Current { get; }

    /// <summary>Why issuance is not ready, in words for readiness and operators; null when it is.</summary>
    string? NotReadyReason { get; }
}
