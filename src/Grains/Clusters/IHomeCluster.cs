namespace MeshGrains.Grains;

/// <summary>
/// The home cluster of this one's trust domain, over its authority API. Answers carry the trust domain's record as the home has it then, for
/// <see cref="ITrustDomainGrain.FollowAsync"/>. What the home refuses, or that it does not answer, is a <see cref="GrainOperationException"/>.
/// </summary>
public interface IHomeCluster
{
    Task<byte[]> FetchAsync(CancellationToken cancellationToken);

    /// <summary>The record now and after each change, until the link ends.</summary>
    IAsyncEnumerable<byte[]> WatchAsync(CancellationToken cancellationToken);

    /// <summary>What the home denies in all clusters, whole, now and after each change, until the link ends.</summary>
    IAsyncEnumerable<FollowedDenials> WatchDenialsAsync(CancellationToken cancellationToken);

    Task<HomeAnswer<CertifiedIssuingCa>> CertifyAsync(IssuingCaRequest request, long ttlSeconds, CancellationToken cancellationToken);

    Task<HomeAnswer<long>> PublishJwtAuthorityAsync(PublishJwtAuthority command, CancellationToken cancellationToken);

    Task<HomeAnswer<bool>> WithdrawJwtAuthorityAsync(string keyId, string operationId, CancellationToken cancellationToken);

    /// <summary>As <see cref="WithdrawJwtAuthorityAsync"/>, at once and whatever a declared restore keeps; the number of the bundle without it.</summary>
    Task<HomeAnswer<long>> RevokeJwtAuthorityAsync(string keyId, string operationId, CancellationToken cancellationToken);

    Task ReportAsync(ClusterReport report, CancellationToken cancellationToken);
}
