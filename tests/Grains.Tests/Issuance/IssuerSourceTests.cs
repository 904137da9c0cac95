using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

/// <summary>What a silo issues from while the root under it gives way.</summary>
public sealed class IssuerSourceTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly TestAuthority _former = new(Now);
    private readonly TestAuthority _next = new(Now);
    private readonly IssuerSource _source = new();

    private string Former => _former.View.Authorities[0].AuthorityId;

    private string Next => _next.View.Authorities[0].AuthorityId;

    [Fact]
    public void A_silo_confirms_a_bundle_only_once_its_issuing_CA_is_one_that_the_bundle_wants()
    {
        var dropped = 0;
        _source.Dropped += () => dropped++;
        Assert.Null(_source.ConfirmedBundle);
        _source.Swap(Snapshot(_former, certifiedWith: 1));
        Assert.Equal(1, _source.ConfirmedBundle);

        _source.Show(View(number: 5, from: 5, RotationPhase.Distribute, serving: Former));
        Assert.Equal((4L, 1), (_source.ConfirmedBundle, dropped));
        Assert.True(_source.GivesWay);
        Assert.Equal(5, _source.Current!.BundleNumber);

        _source.Swap(Snapshot(_former, certifiedWith: 5));
        Assert.Equal(5, _source.ConfirmedBundle);
        Assert.False(_source.GivesWay);
    }

    [Fact]
    public void The_gateways_own_certificate_comes_from_the_CA_of_before_until_the_drain_has_ended()
    {
        _source.Swap(Snapshot(_former, certifiedWith: 1));
        _source.Serves(Former);
        _source.Show(View(number: 2, from: 2, RotationPhase.Activate, serving: Former));
        _source.Swap(Snapshot(_next, certifiedWith: 2));
        Assert.Equal((Former, Next), (_source.Serving!.RootAuthorityId, _source.Current!.RootAuthorityId));
        Assert.Equal(2, _source.ConfirmedBundle);

        _source.Show(View(number: 3, from: 2, RotationPhase.Retire, serving: Next));
        Assert.Equal(Next, _source.Serving!.RootAuthorityId);
        Assert.Equal(2, _source.ConfirmedBundle);
        _source.Serves(Next);
        Assert.Equal(3, _source.ConfirmedBundle);
    }

    [Fact]
    public void A_CA_of_before_whose_shard_is_sealed_serves_no_more()
    {
        var former = Snapshot(_former, certifiedWith: 1);
        _source.Swap(former);
        _source.Show(View(number: 2, from: 2, RotationPhase.Drain, serving: Former));
        _source.Swap(Snapshot(_next, certifiedWith: 2));

        _source.ForgetFormer("another");
        Assert.Equal(Former, _source.Serving!.RootAuthorityId);
        _source.ForgetFormer(former.AuthorityId);

        Assert.Equal(Next, _source.Serving!.RootAuthorityId);
    }

    private TrustDomainView View(long number, long from, RotationPhase phase, string serving) => _former.View with
    {
        BundleNumber = number,
        IssuersFrom = from,
        ServingRootAuthorityId = serving,
        Rotation = new RotationView("r", phase, Former, Next, Now, Now, number, null, false, false, false, 0, false, [], null),
    };

    private static IssuerSnapshot Snapshot(TestAuthority authority, long certifiedWith)
    {
        var key = IssuerKey.Create();
        var certified = authority.Certify(key.SubjectPublicKeyInfo, Now, TimeSpan.FromHours(72), $"op-{certifiedWith}") with { BundleNumber = certifiedWith };
        return IssuerSnapshots.Make(TestAuthority.TrustDomain, key, certified, authority.View with { BundleNumber = certifiedWith });
    }
}
