using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

/// <summary>A home cluster over a link that can be cut: another deployment's grains, called as the authority API calls them.</summary>
internal sealed class FakeHome : IHomeCluster, IMemberSiloAnchors
{
    /// <summary>The home's grains; null: the link is cut.</summary>
    public Func<ITrustDomainGrain>? TrustDomain { get; set; }

    public Func<IMemberClusterGrain>? Member { get; set; }

    /// <summary>At the home: by which a member's silos are checked.</summary>
    public SpiffeBundle? SiloAnchors { get; set; }

    public IReadOnlyList<string> Paths { get; set; } = [];

    private ITrustDomainGrain Home => TrustDomain?.Invoke() ?? throw new GrainOperationException(RefusalCode.Unavailable, "home_unreachable", "The link is cut.");

    public SpiffeBundle Of(MemberClusterOptions member) => SiloAnchors!;

    public Task<byte[]> FetchAsync(CancellationToken cancellationToken) => Home.ShareAsync();

    public IAsyncEnumerable<byte[]> WatchAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<FollowedDenials> WatchDenialsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public async Task<HomeAnswer<CertifiedIssuingCa>> CertifyAsync(IssuingCaRequest request, long ttlSeconds, CancellationToken cancellationToken)
    {
        var home = Home;
        var certified = await Member!().CertifyAsync(request, ttlSeconds, [.. Paths]);
        return new(certified, await home.ShareAsync());
    }

    public async Task<HomeAnswer<long>> PublishJwtAuthorityAsync(PublishJwtAuthority command, CancellationToken cancellationToken) =>
        new(await Home.PublishJwtAuthorityAsync(command), await Home.ShareAsync());

    public async Task<HomeAnswer<bool>> WithdrawJwtAuthorityAsync(string keyId, string operationId, CancellationToken cancellationToken) =>
        new(await Home.WithdrawJwtAuthorityAsync("eu", keyId, operationId), await Home.ShareAsync());

    public async Task<HomeAnswer<long>> RevokeJwtAuthorityAsync(string keyId, string operationId, CancellationToken cancellationToken) =>
        new(await Home.RevokeJwtAuthorityAsync("eu", keyId, operationId), await Home.ShareAsync());

    public Task ReportAsync(ClusterReport report, CancellationToken cancellationToken) => Member!().HearAsync(report);
}
