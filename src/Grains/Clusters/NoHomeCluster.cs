namespace MeshGrains.Grains;

/// <summary>Where this process reaches no other home: it is the home itself, or a silo without the role authority.</summary>
internal sealed class NoHomeCluster : IHomeCluster
{
    public Task<byte[]> FetchAsync(CancellationToken cancellationToken) => throw None();

    public IAsyncEnumerable<byte[]> WatchAsync(CancellationToken cancellationToken) => throw None();

    public IAsyncEnumerable<FollowedDenials> WatchDenialsAsync(CancellationToken cancellationToken) => throw None();

    public Task<HomeAnswer<CertifiedIssuingCa>> CertifyAsync(IssuingCaRequest request, long ttlSeconds, CancellationToken cancellationToken) => throw None();

    public Task<HomeAnswer<long>> PublishJwtAuthorityAsync(PublishJwtAuthority command, CancellationToken cancellationToken) => throw None();

    public Task<HomeAnswer<bool>> WithdrawJwtAuthorityAsync(string keyId, string operationId, CancellationToken cancellationToken) => throw None();

    public Task<HomeAnswer<long>> RevokeJwtAuthorityAsync(string keyId, string operationId, CancellationToken cancellationToken) => throw None();

    public Task ReportAsync(ClusterReport report, CancellationToken cancellationToken) => throw None();

    private static GrainOperationException None() => new(RefusalCode.Unavailable, "no_home_link", "This process has no link to a home cluster.");
}
