using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

public sealed class TrustDomainDecisionsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly TimeSpan Life = TimeSpan.FromHours(72);
    private static readonly IssuerKey Key = IssuerKey.Create();
    private static readonly IssuerKey AnotherKey = IssuerKey.Create();

    [Fact]
    public void Every_point_that_a_crash_can_leave_names_the_one_next_step()
    {
        var authority = new TestAuthority(Now);
        var nothing = new TrustDomainState();
        var named = TrustDomainDecisions.RecordName(nothing, TestAuthority.Ensure(), "key-name", Now);
        var keyed = TrustDomainDecisions.RecordKey(named, authority.Managed, "op:key");
        var built = TrustDomainDecisions.RecordCertificate(keyed, TestAuthority.TrustDomain, new SerialNumber(7), "op:tbs", Now);
        var signed = TrustDomainDecisions.RecordSignature(built, authority.Sign(built.Authorities[0].Tbs!), "op:signature");
        var active = TrustDomainDecisions.ActivateFirst(signed, "op:root");

        Assert.Equal(
            [RootStep.RecordName, RootStep.MakeKey, RootStep.BuildCertificate, RootStep.Sign, RootStep.Record, RootStep.Done],
            new[] { nothing, named, keyed, built, signed, active }.Select(TrustDomainDecisions.NextRootStep));
        Assert.Equal([0L, 0, 0, 0, 0, 1], new[] { nothing, named, keyed, built, signed, active }.Select(state => state.BundleNumber));
    }

    [Fact]
    public void A_root_is_shown_to_nobody_before_the_log_knows_it()
    {
        var authority = new TestAuthority(Now);
        var unlogged = authority.State with { Authorities = [authority.State.Authorities[0] with { State = AuthorityState.Prepared }] };

        Assert.Empty(TrustDomainDecisions.View(unlogged, TestAuthority.Name).Authorities);
        Assert.Single(authority.View.Authorities);
    }

    [Theory]
    [InlineData("Dsa1024", 86_400)]
    [InlineData("0", 86_400)]
    [InlineData("EcdsaP256", 0)]
    [InlineData("EcdsaP256", long.MaxValue)]
    public void A_root_that_could_never_be_finished_is_not_begun(string algorithm, long ttlSeconds)
    {
        var command = TestAuthority.Ensure() with { RootKeyAlgorithm = algorithm, RootTtlSeconds = ttlSeconds };

        var refused = Assert.Throws<GrainOperationException>(() => TrustDomainDecisions.RecordName(new TrustDomainState(), command, "name", Now));

        Assert.Equal(RefusalCode.InvalidArgument, refused.Code);
    }

    [Fact]
    public void The_root_is_self_signed_and_carries_the_profile()
    {
        var root = ParsedCertificate.Read(new TestAuthority(Now).View.Authorities[0].CertificateDer);

        Assert.True(root.IsSignedBy(root.PublicKey));
        Assert.Equal(["spiffe://td.test"], root.UriNames);
        Assert.Equal(1, root.PathLength);
        Assert.Null(root.NameConstraints);
        Assert.Equal(Now - TrustDomainDecisions.AuthorityBackdate, root.NotBefore);
    }

    [Fact]
    public void A_retry_signs_the_very_bytes_of_the_first_attempt()
    {
        var state = new TestAuthority(Now).State;
        var (first, intent) = Certify(state, "op-1", serial: 1);

        var (again, same) = Certify(first, "op-1", serial: 2, now: Now + TimeSpan.FromMinutes(3));

        Assert.Same(first, again);
        Assert.Equal(intent.Tbs, same.Tbs);
        Assert.Equal(intent.Serial, same.Serial);
    }

    [Fact]
    public void A_finished_operation_answers_with_its_certificate()
    {
        var authority = new TestAuthority(Now);

        var first = authority.Certify(Key.SubjectPublicKeyInfo, Now, Life);
        var again = authority.Certify(Key.SubjectPublicKeyInfo, Now + TimeSpan.FromHours(40), Life);

        Assert.Equal(first, again);
        Assert.Single(authority.State.Intents);
    }

    [Fact]
    public void An_operation_id_does_not_serve_another_key_silo_or_cluster()
    {
        var (state, _) = Certify(new TestAuthority(Now).State, "op-1");

        foreach (var other in new[] { Command("op-1") with { Silo = "silo-2" }, Command("op-1") with { Cluster = "other" }, Command("op-1", AnotherKey) })
        {
            var refused = Assert.Throws<GrainOperationException>(
                () => TrustDomainDecisions.Certify(state, TestAuthority.TrustDomain, other, new SerialNumber(9), Now));
            Assert.Equal("operation_reused", refused.Reason);
        }
    }

    [Fact]
    public void An_intent_that_outlived_half_of_what_it_asked_for_is_not_worth_a_signature()
    {
        var (state, _) = Certify(new TestAuthority(Now).State, "op-1");

        Assert.NotNull(Certify(state, "op-1", now: Now + (Life / 2) - TimeSpan.FromSeconds(1)).Intent);
        var refused = Assert.Throws<GrainOperationException>(() => Certify(state, "op-1", now: Now + (Life / 2)));

        Assert.Equal(RefusalCode.Conflict, refused.Code);
    }

    [Fact]
    public void Only_a_P256_key_becomes_an_issuing_CA()
    {
        using var p384 = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        var state = new TestAuthority(Now).State;

        foreach (var spki in new[] { p384.ExportSubjectPublicKeyInfo(), [], [0x30, 0x00], Key.SubjectPublicKeyInfo.ToArray()[..^1] })
        {
            var refused = Assert.Throws<GrainOperationException>(() => TrustDomainDecisions.Certify(
                state, TestAuthority.TrustDomain, Command("op-1") with { SubjectPublicKeyInfo = spki }, new SerialNumber(9), Now));
            Assert.Equal("bad_key", refused.Reason);
        }
    }

    [Fact]
    public void An_issuing_CA_ends_no_later_than_its_root()
    {
        var authority = new TestAuthority(Now, rootTtl: TimeSpan.FromHours(100));

        var clipped = authority.Certify(Key.SubjectPublicKeyInfo, Now + TimeSpan.FromHours(50), Life);

        Assert.Equal(authority.State.Authorities[0].NotAfter, clipped.NotAfter);
        Assert.Equal(clipped.NotAfter, ParsedCertificate.Read(clipped.CertificateDer).NotAfter);
    }

    [Fact]
    public void Near_its_end_a_root_certifies_nothing_that_could_not_live_half_its_life()
    {
        var state = new TestAuthority(Now, rootTtl: TimeSpan.FromHours(100)).State;

        Assert.NotNull(Certify(state, "op-1", now: Now + TimeSpan.FromHours(63.9)).Intent);
        var refused = Assert.Throws<GrainOperationException>(() => Certify(state, "op-1", now: Now + TimeSpan.FromHours(64)));

        Assert.Equal("root_ending", refused.Reason);
        Assert.Contains("Rotate", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_issuing_CA_does_not_begin_before_its_root()
    {
        var authority = new TestAuthority(Now);

        Assert.Equal(authority.State.Authorities[0].NotBefore, authority.Certify(Key.SubjectPublicKeyInfo, Now, Life).NotBefore);
    }

    [Fact]
    public void Without_a_root_nothing_is_certified()
    {
        Assert.Equal("no_root", Assert.Throws<GrainOperationException>(() => Certify(new TrustDomainState(), "op-1")).Reason);
    }

    [Fact]
    public void Ended_certifications_make_room_and_living_ones_are_bounded()
    {
        var state = new TestAuthority(Now).State;
        var (_, one) = Certify(state, "op");
        state = state with { Intents = [.. Enumerable.Range(0, 4096).Select(i => one with { OperationId = $"op-{i}", CertificateDer = [1] })] };

        // Asked for within the hour all of them; older ones leave a bounded number.
        Assert.Equal("intents_full", Assert.Throws<GrainOperationException>(() => Certify(state, "new")).Reason);
        Assert.Single(Certify(state, "new", now: Now + Life + TimeSpan.FromSeconds(1)).State.Intents);
        var (later, _) = Certify(state, "new", now: Now + TrustDomainDecisions.AbandonAfter + TimeSpan.FromSeconds(1));
        Assert.Equal(513, later.Intents.Length);
        Assert.Equal(["op-3584", "new"], [later.Intents[0].OperationId, later.Intents[^1].OperationId]);
    }

    [Fact]
    public void Silos_that_keep_starting_for_days_leave_a_list_that_does_not_grow_and_a_retry_that_finds_its_intent()
    {
        var state = new TestAuthority(Now).State;
        var (_, one) = Certify(state, "op");
        for (var i = 0; i < 3000; i++)
        {
            var now = Now + (i * TimeSpan.FromMinutes(1));
            state = state with { Intents = [.. state.Intents, one with { OperationId = $"earlier-{i}", RequestedAt = now, NotAfter = now + Life, CertificateDer = [1] }] };
            if (i % 60 == 0)
            {
                (state, var intent) = Certify(state, $"op-{i}", now: now);
                Assert.Same(intent, Certify(state, $"op-{i}", now: now + TimeSpan.FromMinutes(1)).Intent);
            }
        }

        Assert.InRange(state.Intents.Length, 1, 700);
    }

    [Fact]
    public void Another_refresh_hint_is_another_bundle_and_the_same_one_is_not()
    {
        var state = new TestAuthority(Now).State;

        Assert.Same(state, TrustDomainDecisions.WithRefreshHint(state, 300, "op"));
        var changed = TrustDomainDecisions.WithRefreshHint(state, 60, "op");
        Assert.Equal((2L, 60), (changed.BundleNumber, changed.RefreshHintSeconds));
    }

    [Fact]
    public void The_name_of_a_roots_key_is_legal_in_every_key_manager()
    {
        var name = TrustDomainDecisions.RootKeyName(new string('a', 200) + ".b_c.example", new string('f', 32));

        Assert.Matches("^[0-9a-zA-Z-]{1,127}$", name);
    }

    private static (TrustDomainState State, CertificationIntent Intent) Certify(TrustDomainState state, string operationId, ulong serial = 5, DateTimeOffset? now = null) =>
        TrustDomainDecisions.Certify(state, TestAuthority.TrustDomain, Command(operationId), new SerialNumber(serial), now ?? Now);

    private static CertifyIssuingCa Command(string operationId, IssuerKey? key = null) =>
        new(operationId, "main", "silo-1", (key ?? Key).SubjectPublicKeyInfo.ToArray(), (long)Life.TotalSeconds);
}
