using MeshGrains.Identity;
using Orleans;

namespace MeshGrains.Grains.Tests;

public sealed class RevocationGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public RevocationGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    private GrainWorld World => _host.World;

    private IRevocationGrain Revocation => _host.Grains.GetGrain<IRevocationGrain>(World.TrustDomain.Name);

    private DateTimeOffset Now => World.Clock.GetUtcNow();

    [Fact]
    public async Task A_root_lists_the_tainted_issuing_CAs_and_signs_again_at_a_change_and_at_half_of_the_time_only()
    {
        var root = await RootAsync();
        var first = await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        await _host.ClusterCa.RequestAsync(World.Request("op-2", silo: "silo-2"));

        var empty = await RootListAsync();
        Assert.Empty(empty.Revoked);
        Assert.True(empty.IsSignedBy(root.PublicKey));
        Assert.True(empty.ThisUpdate < Now && empty.NextUpdate > Now.AddDays(6));
        var signatures = World.Keys.Signatures;
        await RootListAsync();
        Assert.Equal(signatures, World.Keys.Signatures);

        World.Clock.Advance(RevocationDecisions.LeastPause);
        await _host.ClusterCa.TaintAsync(first.AuthorityId, "stolen", "operator", "op-t");
        var tainted = await RootListAsync();
        Assert.Equal(
            (ParsedCertificate.Read(first.CertificateDer).SerialHex, CrlReason.CaCompromise), (Assert.Single(tainted.Revoked).Serial, tainted.Revoked[0].Reason));
        Assert.True(tainted.Number > empty.Number);
        Assert.Equal(signatures + 1, World.Keys.Signatures);

        World.Clock.Advance(TimeSpan.FromDays(3.6));
        var after = await RootListAsync();
        Assert.True(after.Number > tainted.Number);
        Assert.Empty(after.Revoked);
    }

    [Fact]
    public async Task Changes_that_follow_each_other_cost_one_signature()
    {
        await RootAsync();
        var first = await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        var second = await _host.ClusterCa.RequestAsync(World.Request("op-2", silo: "silo-2"));
        await RootListAsync();
        var signatures = World.Keys.Signatures;

        foreach (var certified in new[] { first, second })
        {
            await _host.ClusterCa.TaintAsync(certified.AuthorityId, "stolen", "operator", "op-t");
            Assert.Empty((await RootListAsync()).Revoked);
        }

        World.Clock.Advance(RevocationDecisions.LeastPause);
        Assert.Equal(2, (await RootListAsync()).Revoked.Count);
        Assert.Equal(signatures + 1, World.Keys.Signatures);
    }

    [Fact]
    public async Task What_agents_replace_over_a_time_is_listed_after_that_time()
    {
        await RootAsync();
        var certified = await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        await _host.ClusterCa.TaintOverAsync(new TaintIssuingCa(certified.AuthorityId, "sold", "operator", "op-t", 600));
        Assert.Empty((await RootListAsync()).Revoked);

        World.Clock.Advance(TimeSpan.FromSeconds(601));
        Assert.Single((await RootListAsync()).Revoked);
    }

    [Fact]
    public async Task While_the_KMS_is_away_the_list_before_is_served_and_the_very_bytes_are_signed_later()
    {
        await RootAsync();
        var certified = await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        var before = await RootListAsync();
        World.Clock.Advance(RevocationDecisions.LeastPause);
        await _host.ClusterCa.TaintAsync(certified.AuthorityId, "stolen", "operator", "op-t");
        var digests = new List<byte[]>();
        World.Keys.Signing = digests.Add;
        World.Faults.FailNext("kms.sign", after: true, failure: new Keys.KeyManagerException(Keys.KeyManagerError.Unavailable, "away"));

        Assert.Equal(before.Number, (await RootListAsync()).Number);
        World.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Single((await RootListAsync()).Revoked);
        World.Keys.Signing = null;
        Assert.Equal(2, digests.Count);
        Assert.Equal(digests[0], digests[1]);
    }

    [Fact]
    public async Task Any_step_may_fail_and_the_next_look_finishes()
    {
        await RootAsync();
        await _host.ClusterCa.RequestAsync(World.Request("op-1"));
        foreach (var after in new[] { false, true })
        {
            for (var step = 1; step <= 3; step++)
            {
                World.Clock.Advance(TimeSpan.FromDays(4));
                World.Faults.Reset();
                World.Faults.FailNext("state.write", after, times: step);
                var list = await HostedGrains.RetryAsync(RootListAsync);
                Assert.True(list.NextUpdate > Now.AddDays(6));
            }
        }

        World.Faults.Reset();
    }

    [Fact]
    public async Task A_silos_list_is_kept_when_it_proves_itself_and_is_newer_and_until_its_CA_has_ended()
    {
        await RootAsync();
        using var key = IssuerKey.Create();
        var certified = await _host.ClusterCa.RequestAsync(World.Request("op-1", key));
        var issuer = Issuer.Create(key, certified.CertificateDer);
        RevokedCertificate[] revoked = [new("0a", Now, CrlReason.CertificateHold)];
        PublishCrl List(long number, IReadOnlyList<RevokedCertificate> of, Issuer? by = null) => new(
            certified.AuthorityId, key.SubjectPublicKeyInfo.ToArray(), certified.NotAfter, CrlWriter.Sign(by ?? issuer, number, Now, Now.AddHours(2), of));

        await Revocation.PublishAsync(List(7, revoked));
        await Revocation.PublishAsync(List(6, []));
        var kept = Assert.Single(await Revocation.ListAsync());
        Assert.Equal((certified.AuthorityId, false, 7L, 1), (kept.AuthorityId, kept.IsRoot, kept.Number, kept.Revoked));

        using var otherKey = IssuerKey.Create();
        var other = Issuer.Create(otherKey, (await _host.ClusterCa.RequestAsync(World.Request("op-2", otherKey, silo: "silo-2"))).CertificateDer);
        foreach (var wrong in new[]
        {
            List(8, [], other), List(8, []) with { AuthorityId = other.AuthorityId }, List(8, []) with { SubjectPublicKeyInfo = otherKey.SubjectPublicKeyInfo.ToArray() },
            List(8, []) with { Der = [0x30, 0x00] }, List(8, []) with { SubjectPublicKeyInfo = [] },
        })
        {
            Assert.Equal("bad_crl", (await Assert.ThrowsAsync<GrainOperationException>(() => Revocation.PublishAsync(wrong))).Reason);
        }

        World.Clock.Advance(TimeSpan.FromHours(74));
        Assert.All(await Revocation.RefreshAsync(), list => Assert.True(list.IsRoot));
    }

    private async Task<ParsedCertificate> RootAsync() =>
        ParsedCertificate.Read((await _host.TrustDomain.EnsureAsync(World.Ensure())).Authorities[0].CertificateDer);

    private async Task<ParsedCrl> RootListAsync()
    {
        var list = Assert.Single(await Revocation.RefreshAsync(), list => list.IsRoot);
        return ParsedCrl.TryRead(list.Der, out var crl, out var error) ? crl : throw new FormatException(error);
    }
}
