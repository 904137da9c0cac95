namespace MeshGrains.Grains;

/// <summary>
/// Issues JWT-SVIDs in this silo by the same rules as X.509-SVIDs: identity, registration, denials, sign, record, and only then the reply. The warm path
/// makes no grain call.
/// </summary>
public interface IJwtIssuanceService
{
    /// <summary>Exactly one of the two is null.</summary>
    ValueTask<(IssuedJwt? Svid, Refusal? Refusal)> IssueAsync(JwtRequest request, CancellationToken cancellationToken);

    /// <summary>Why no JWT-SVID can be issued, in words; null when it can.</summary>
    string? NotReadyReason { get; }
}
