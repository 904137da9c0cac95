using System.Collections.Immutable;

namespace MeshGrains.Grains.Tests;

public sealed class FollowDecisionsTests
{
    private const string Name = "td.test";

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_newer_record_is_taken_without_what_is_the_homes_own_business()
    {
        var told = Home(3) with { Intents = [Intent()], Restores = [] };

        var taken = FollowDecisions.Take(new TrustDomainState(), told, Name, "main", least: 0, "op");

        Assert.Equal((3L, "main", "op", 0), (taken.BundleNumber, taken.Follows, taken.OperationId, taken.Intents.Length));
        Assert.Null(taken.Restores);
    }

    [Theory]
    [InlineData(5, 0, 4)]
    [InlineData(3, 5, 4)]
    [InlineData(0, 0, 0)]
    public void A_record_older_than_what_was_shown_here_is_a_rollback(long known, long least, long told)
    {
        var refused = Assert.Throws<GrainOperationException>(
            () => FollowDecisions.Take(known == 0 ? new TrustDomainState() : Home(known), Home(told), Name, "main", least, "op"));

        Assert.Equal("home_rolled_back", refused.Reason);
    }

    [Fact]
    public void Another_bundle_under_the_same_number_comes_from_another_home()
    {
        var refused = Assert.Throws<GrainOperationException>(() => FollowDecisions.Take(Home(3), Home(3), Name, "main", 3, "op"));

        Assert.Equal("home_disagrees", refused.Reason);
    }

    [Fact]
    public void A_declared_restore_keeps_its_gates_shut_until_the_later_of_both_times()
    {
        var (told, own) = (Home(3), Now + TimeSpan.FromDays(3));
        var restored = told with { RetireGatesShutUntil = own, Follows = "main" };

        Assert.Equal(own, FollowDecisions.Take(restored, told, Name, "main", 3, "op").RetireGatesShutUntil);
        Assert.Equal(own, FollowDecisions.Take(restored, told with { RetireGatesShutUntil = Now }, Name, "main", 3, "op").RetireGatesShutUntil);
        Assert.Equal(
            own + TimeSpan.FromDays(1),
            FollowDecisions.Take(restored, told with { RetireGatesShutUntil = own + TimeSpan.FromDays(1) }, Name, "main", 3, "op").RetireGatesShutUntil);
    }

    [Fact]
    public void A_members_declared_restore_leaves_the_number_to_the_home()
    {
        var member = Home(3) with { Follows = "main" };

        var declared = RestoreDecisions.Declare(member, shown: 7, denied: 2, stored: 2, "disk lost", "ops", TimeSpan.FromDays(3), Now);

        Assert.Equal((3L, 3L, Now + TimeSpan.FromDays(3)), (declared.BundleNumber, declared.DenialNumber, declared.RetireGatesShutUntil));
    }

    private static TrustDomainState Home(long number)
    {
        var root = new TestAuthority(Now).View.Authorities[0];
        return new TrustDomainState
        {
            BundleNumber = number,
            RefreshHintSeconds = 300,
            Authorities =
            [
                new RootAuthority
                {
                    KeyName = "k", KeyAlgorithm = "EcdsaP256", State = AuthorityState.Active, CreatedAt = Now, TtlSeconds = 60, KeyReference = "k/1",
                    AuthorityId = root.AuthorityId, CertificateDer = root.CertificateDer, NotBefore = root.NotBefore, NotAfter = root.NotAfter,
                },
            ],
        };
    }

    private static CertificationIntent Intent() => new()
    {
        OperationId = "o", Cluster = "main", Silo = "s", AuthorityId = "a", RootAuthorityId = "r", Serial = "01", Tbs = [1], RequestedAt = Now, NotBefore = Now, NotAfter = Now,
    };
}
