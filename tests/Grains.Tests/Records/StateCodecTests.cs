using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Grains.Tests;

public sealed class StateCodecTests
{
    private const string TrustDomainBytes =
        """{"state":"trust-domain","format":1,"body":{"bundleNumber":3,"refreshHintSeconds":300,"authorities":[{"keyName":"meshgrains-root-td","keyAlgorithm":"EcdsaP256","state":"Active","createdAt":"2026-01-02T03:04:05+00:00","ttlSeconds":315360000,"nameConstraints":false,"keyReference":"file:root/1","subjectPublicKeyInfo":"AQI=","authorityId":"aa","tbs":"Aw==","certificateDer":"BAU=","notBefore":"2026-01-02T02:59:05+00:00","notAfter":"2036-01-02T03:04:05+00:00"}],"intents":[{"operationId":"op-1","cluster":"main","silo":"silo-1","authorityId":"bb","rootAuthorityId":"aa","serial":"0f","tbs":"Bg==","requestedAt":"2026-01-02T03:04:05+00:00","notBefore":"2026-01-02T03:04:05+00:00","notAfter":"2026-01-05T03:04:05+00:00"}],"operationId":"op-1:intent"}}""";

    private const string ClusterCaBytes =
        """{"state":"cluster-ca","format":1,"body":{"issuingCas":[{"operationId":"op-1","silo":"silo-1","state":"Tainted","requestedAt":"2026-01-02T03:04:05+00:00","keyHash":"ff","authorityId":"bb","rootAuthorityId":"aa","certificateDer":"Bw==","notBefore":"2026-01-02T03:04:05+00:00","notAfter":"2026-01-05T03:04:05+00:00","taintReason":"stolen"}],"operationId":"op-2"}}""";

    private const string TrustDomainNowBytes =
        """{"state":"trust-domain","format":1,"body":{"bundleNumber":9,"refreshHintSeconds":300,"authorities":[],"intents":[],"operationId":"op-3","retireGatesShutUntil":"2026-01-05T03:05:05+00:00","restores":[{"at":"2026-01-02T03:04:05+00:00","actor":"uid:0","reason":"lost disk","bundleNumber":9,"denialNumber":12,"retireGatesShutUntil":"2026-01-05T03:05:05+00:00"}]}}""";

    private const string ClusterCaNowBytes =
        """{"state":"cluster-ca","format":1,"body":{"issuingCas":[{"operationId":"op-1","silo":"silo-1","incarnation":"run-1","relayEndpoint":"10.0.0.1:9443","state":"Old","requestedAt":"2026-01-02T03:04:05+00:00","keyHash":"ff","authorityId":"bb","rootAuthorityId":"aa","certificateDer":"Bw==","notBefore":"2026-01-02T03:04:05+00:00","notAfter":"2026-01-05T03:04:05+00:00","endedAt":"2026-01-02T04:04:05+00:00","sealedAt":"2026-01-02T04:04:06+00:00"}],"operationId":"op-2","nextSweepAt":"2026-01-02T03:06:05+00:00"}}""";

    private const string JwtPublishedBytes =
        """{"state":"trust-domain","format":1,"body":{"bundleNumber":2,"refreshHintSeconds":300,"authorities":[],"intents":[],"operationId":"op-4:jwt-published","jwtAuthorities":[{"keyId":"ab","cluster":"main","subjectPublicKeyInfo":"AQI=","publishedAt":"2026-01-02T03:04:05+00:00","notAfter":"2026-01-09T03:04:05+00:00"}]}}""";

    private const string JwtAuthorityBytes =
        """{"state":"jwt-authority","format":1,"body":{"authorities":[{"keyId":"ab","algorithm":"ES256","state":"Active","subjectPublicKeyInfo":"AQI=","sealedKey":"AwQ=","createdAt":"2026-01-02T03:04:05+00:00","notAfter":"2026-01-09T03:04:05+00:00","publishedAt":"2026-01-02T03:04:06+00:00","highestExpiry":"2026-01-02T05:04:05+00:00"}],"operationId":"op-4:reserved"}}""";

    private const string MaintenanceBytes =
        """{"state":"maintenance","format":1,"body":{"nextAt":"2026-01-02T03:04:35+00:00","after":"3f","operationId":"op-1"}}""";

    private const string AgentRosterBytes =
        """{"state":"agent-roster","format":1,"body":{"agents":[{"agentId":"spiffe://td/meshgrains/agent/n1","attestation":"x509pop","serial":"0a","notAfter":"2026-01-02T04:04:05+00:00","attestedAt":"2026-01-02T03:04:05+00:00","bundleNumber":7,"evicted":true}],"operationId":"op-1"}}""";

    private const string FederationBytes =
        """{"state":"federation","format":1,"body":{"url":"https://b.test/","profile":"https_spiffe","endpointSpiffeId":"spiffe://b.test/e","webRoots":"pem","configured":true,"deleted":false,"createdAt":"2026-01-02T03:04:05+00:00","bootstrap":"AQ==","bundle":"Ag==","trusted":"Aw==","leftOut":["aa: it ended"],"reviewAt":"2026-01-02T03:04:06+00:00","sequence":18446744073709551615,"refreshHintSeconds":300,"number":7,"changedAt":"2026-01-02T03:04:05+00:00","nextAt":"2026-01-02T03:09:05+00:00","lastSuccessAt":"2026-01-02T03:04:05+00:00","lastFailureAt":"2026-01-02T03:04:04+00:00","failureReason":"timeout","failure":"slow","failures":2,"operationId":"op-1"}}""";

    private const string FederationSetBytes =
        """{"state":"federation-set","format":1,"body":{"number":3,"members":[{"trustDomain":"b.test","number":7}],"operationId":"op-1"}}""";

    private const string RevocationBytes =
        """{"state":"revocation","format":1,"body":{"roots":[{"authorityId":"r","number":7,"thisUpdate":"2026-01-02T03:04:05+00:00","nextUpdate":"2026-01-03T03:04:05+00:00","serials":["0a"],"tbs":"AQI=","der":"Aw=="}],"issuing":[{"authorityId":"i","number":8,"authorityEndsAt":"2026-01-02T03:04:05+00:00","der":"BA=="}],"operationId":"op-1"}}""";

    private const string AcmeBytes = """{"state":"acme","format":1,"body":{"number":3,"box":"AQI=","operationId":"op-1"}}""";

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly StateCodec Codec = new();

    private static TrustDomainState TrustDomainSample => new()
    {
        BundleNumber = 3,
        RefreshHintSeconds = 300,
        Authorities =
        [
            new RootAuthority
            {
                KeyName = "meshgrains-root-td", KeyAlgorithm = "EcdsaP256", State = AuthorityState.Active, CreatedAt = Now, TtlSeconds = 315_360_000,
                KeyReference = "file:root/1", SubjectPublicKeyInfo = [1, 2], AuthorityId = "aa", Tbs = [3], CertificateDer = [4, 5],
                NotBefore = Now.AddMinutes(-5), NotAfter = Now.AddYears(10),
            },
        ],
        Intents =
        [
            new CertificationIntent
            {
                OperationId = "op-1", Cluster = "main", Silo = "silo-1", AuthorityId = "bb", RootAuthorityId = "aa", Serial = "0f", Tbs = [6],
                RequestedAt = Now, NotBefore = Now, NotAfter = Now.AddDays(3),
            },
        ],
        OperationId = "op-1:intent",
    };

    private static ClusterCaState ClusterCaSample => new()
    {
        IssuingCas =
        [
            new IssuingCaRecord
            {
                OperationId = "op-1", Silo = "silo-1", State = IssuingCaState.Tainted, RequestedAt = Now, KeyHash = "ff", AuthorityId = "bb",
                RootAuthorityId = "aa", CertificateDer = [7], NotBefore = Now, NotAfter = Now.AddDays(3), TaintReason = "stolen",
            },
        ],
        OperationId = "op-2",
    };

    [Fact]
    public void A_trust_domains_bytes_are_these_for_ever()
    {
        Assert.Equal(TrustDomainBytes, Encoding.UTF8.GetString(Codec.Encode(TrustDomainSample)));
        Assert.Equal(Codec.Encode(TrustDomainSample), Codec.Encode(Codec.Decode<TrustDomainState>(Encoding.UTF8.GetBytes(TrustDomainBytes))));
    }

    [Fact]
    public void A_cluster_CAs_bytes_are_these_for_ever()
    {
        Assert.Equal(ClusterCaBytes, Encoding.UTF8.GetString(Codec.Encode(ClusterCaSample)));
        var read = Codec.Decode<ClusterCaState>(Encoding.UTF8.GetBytes(ClusterCaBytes));
        Assert.Equal(("stolen", IssuingCaState.Tainted), (read.IssuingCas[0].TaintReason, read.IssuingCas[0].State));
    }

    [Fact]
    public void What_has_been_added_since_has_its_bytes_for_ever_too()
    {
        var restore = new DeclaredRestore
        {
            At = Now, Actor = "uid:0", Reason = "lost disk", BundleNumber = 9, DenialNumber = 12, RetireGatesShutUntil = Now.AddDays(3).AddMinutes(1),
        };
        var trustDomain = new TrustDomainState
        {
            BundleNumber = 9, RefreshHintSeconds = 300, OperationId = "op-3", RetireGatesShutUntil = restore.RetireGatesShutUntil, Restores = [restore],
        };
        var clusterCa = ClusterCaSample with
        {
            IssuingCas =
            [
                ClusterCaSample.IssuingCas[0] with
                {
                    State = IssuingCaState.Old, TaintReason = null, Incarnation = "run-1", RelayEndpoint = "10.0.0.1:9443", EndedAt = Now.AddHours(1),
                    SealedAt = Now.AddHours(1).AddSeconds(1),
                },
            ],
            NextSweepAt = Now.AddMinutes(2),
        };
        IsGolden(TrustDomainNowBytes, trustDomain);
        IsGolden(ClusterCaNowBytes, clusterCa);
        IsGolden(JwtPublishedBytes, new TrustDomainState
        {
            BundleNumber = 2, RefreshHintSeconds = 300, OperationId = "op-4:jwt-published",
            JwtAuthorities = [new PublishedJwtAuthority { KeyId = "ab", Cluster = "main", SubjectPublicKeyInfo = [1, 2], PublishedAt = Now, NotAfter = Now.AddDays(7) }],
        });
        IsGolden(JwtAuthorityBytes, new JwtAuthorityState
        {
            Authorities =
            [
                new JwtAuthorityRecord
                {
                    KeyId = "ab", Algorithm = "ES256", State = AuthorityState.Active, SubjectPublicKeyInfo = [1, 2], SealedKey = [3, 4], CreatedAt = Now,
                    NotAfter = Now.AddDays(7), PublishedAt = Now.AddSeconds(1), HighestExpiry = Now.AddHours(2),
                },
            ],
            OperationId = "op-4:reserved",
        });
        IsGolden(FederationBytes, new FederationState
        {
            Url = "https://b.test/", Profile = "https_spiffe", EndpointSpiffeId = "spiffe://b.test/e", WebRoots = "pem", Configured = true, CreatedAt = Now,
            Bootstrap = [1], Bundle = [2], Trusted = [3], LeftOut = ["aa: it ended"], ReviewAt = Now.AddSeconds(1), Sequence = ulong.MaxValue,
            RefreshHintSeconds = 300, Number = 7, ChangedAt = Now, NextAt = Now.AddMinutes(5), LastSuccessAt = Now, LastFailureAt = Now.AddSeconds(-1),
            FailureReason = "timeout", Failure = "slow", Failures = 2, OperationId = "op-1",
        });
        IsGolden(FederationSetBytes, new FederationSetState
        {
            Number = 3, Members = [new FederationSetMember { TrustDomain = "b.test", Number = 7 }], OperationId = "op-1",
        });
        IsGolden(RevocationBytes, new RevocationState
        {
            Roots = [new RootCrl { AuthorityId = "r", Number = 7, ThisUpdate = Now, NextUpdate = Now.AddDays(1), Serials = ["0a"], Tbs = [1, 2], Der = [3] }],
            Issuing = [new IssuingCrl { AuthorityId = "i", Number = 8, AuthorityEndsAt = Now, Der = [4] }], OperationId = "op-1",
        });
        IsGolden(AcmeBytes, new AcmeState { Number = 3, Box = [1, 2], OperationId = "op-1" });
        IsGolden(AgentRosterBytes, new AgentRosterState
        {
            Agents =
            [
                new RosteredAgent
                {
                    AgentId = "spiffe://td/meshgrains/agent/n1", Attestation = "x509pop", Serial = "0a", NotAfter = Now.AddHours(1), AttestedAt = Now,
                    BundleNumber = 7, Evicted = true,
                },
            ],
            OperationId = "op-1",
        });
        IsGolden(MaintenanceBytes, new MaintenanceState { NextAt = Now.AddSeconds(30), After = "3f", OperationId = "op-1" });
    }

    [Fact]
    public void What_a_newer_version_added_outlives_an_older_ones_write()
    {
        const string authority = "\"keyName\":\"meshgrains-root-td\"";
        const string intent = "\"cluster\":\"main\"";
        var newer = TrustDomainBytes[..^2] + ",\"gates\":{\"open\":[1,null,\"x\"]}}}";
        newer = newer.Replace(authority, authority + ",\"policy\":7", StringComparison.Ordinal).Replace(intent, intent + ",\"home\":true", StringComparison.Ordinal);

        var read = Codec.Decode<TrustDomainState>(Encoding.UTF8.GetBytes(newer));
        var written = Encoding.UTF8.GetString(Codec.Encode(TrustDomainDecisions.WithRefreshHint(read, 60, "op-9")));

        Assert.Equal(60, Codec.Decode<TrustDomainState>(Encoding.UTF8.GetBytes(written)).RefreshHintSeconds);
        Assert.Contains("\"gates\":{\"open\":[1,null,\"x\"]}", written, StringComparison.Ordinal);
        Assert.Contains("\"policy\":7", written, StringComparison.Ordinal);
        Assert.Contains("\"home\":true", written, StringComparison.Ordinal);

        var ca = ClusterCaBytes.Replace("\"silo\":\"silo-1\"", "\"silo\":\"silo-1\",\"zone\":\"b\"", StringComparison.Ordinal);
        var tainted = ClusterCaDecisions.Fence(Codec.Decode<ClusterCaState>(Encoding.UTF8.GetBytes(ca)), ["bb"], Now);
        Assert.Contains("\"zone\":\"b\"", Encoding.UTF8.GetString(Codec.Encode(tainted)), StringComparison.Ordinal);
    }

    private static void IsGolden<T>(string golden, T state)
    {
        Assert.Equal(golden, Encoding.UTF8.GetString(Codec.Encode(state)));
        Assert.Equal(golden, Encoding.UTF8.GetString(Codec.Encode(Codec.Decode<T>(Encoding.UTF8.GetBytes(golden)))));
    }

    [Fact]
    public void Whatever_is_written_is_read_back()
    {
        Prop.ForAll<(long Number, int Hint, byte[] Bytes, NonNull<string> Text, bool Present)[]>(parts =>
        {
            var state = new TrustDomainState
            {
                BundleNumber = parts.Length,
                Intents =
                [
                    .. parts.Select(part => new CertificationIntent
                    {
                        OperationId = WellFormed(part.Text.Get), Cluster = "c", Silo = "s", AuthorityId = $"{part.Number}", RootAuthorityId = "r", Serial = "1",
                        Tbs = part.Bytes ?? [], RequestedAt = Now.AddSeconds(part.Hint), NotBefore = Now, NotAfter = Now,
                        CertificateDer = part.Present ? part.Bytes : null,
                    }),
                ],
            };
            var bytes = Codec.Encode(state);
            var read = Codec.Decode<TrustDomainState>(bytes);
            return Codec.Encode(read).AsSpan().SequenceEqual(bytes) && read.Intents.Length == state.Intents.Length
                && read.Intents.Zip(state.Intents).All(pair => pair.First.OperationId == pair.Second.OperationId && pair.First.Tbs.AsSpan().SequenceEqual(pair.Second.Tbs));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_newer_format_is_refused_in_words_that_say_what_to_do()
    {
        var newer = Encoding.UTF8.GetBytes(ClusterCaBytes.Replace("\"format\":1", "\"format\":2", StringComparison.Ordinal));

        var refused = Assert.Throws<StateFormatException>(() => Codec.Decode<ClusterCaState>(newer));

        Assert.Contains("Start the newer version", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_states_bytes_are_refused()
    {
        Assert.Throws<StateFormatException>(() => Codec.Decode<TrustDomainState>(Encoding.UTF8.GetBytes(ClusterCaBytes)));
        Assert.Throws<StateFormatException>(() => Codec.Encode("a state that nobody registered"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"state":"cluster-ca","format":1}""")]
    [InlineData("""{"state":"cluster-ca","format":1,"body":null}""")]
    [InlineData("""{"state":"cluster-ca","format":0,"body":{}}""")]
    [InlineData("""{"state":"cluster-ca","format":-1,"body":{}}""")]
    [InlineData("""{"state":"cluster-ca","format":1.5,"body":{}}""")]
    [InlineData("""{"state":"cluster-ca","format":"1","body":{}}""")]
    [InlineData("""{"state":7,"format":1,"body":{}}""")]
    [InlineData("""{"state":"cluster-ca","format":1,"body":[]}""")]
    [InlineData("""{"state":"cluster-ca","format":1,"body":{"issuingCas":null}}""")]
    [InlineData("""{"state":"cluster-ca","format":1,"body":{"issuingCas":[{}]}}""")]
    [InlineData("""{"state":"cluster-ca","format":1,"body":{"issuingCas":[{"operationId":null,"silo":null,"state":"Active","requestedAt":"2026-01-02T03:04:05+00:00","keyHash":null}]}}""")]
    public void Malformed_bytes_are_a_format_error_and_nothing_else(string text)
    {
        Assert.Throws<StateFormatException>(() => Codec.Decode<ClusterCaState>(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void Damaged_bytes_are_read_or_refused_and_nothing_else_happens()
    {
        var golden = Encoding.UTF8.GetBytes(TrustDomainBytes);
        Prop.ForAll<PositiveInt, byte, bool>((at, value, cut) =>
        {
            var damaged = golden.ToArray();
            damaged[at.Get % damaged.Length] = value;
            try
            {
                _ = Codec.Decode<TrustDomainState>(cut ? damaged.AsMemory(0, at.Get % damaged.Length) : damaged);
            }
            catch (StateFormatException)
            {
                // The one way to refuse.
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    [Fact]
    public void An_empty_state_is_as_a_grain_finds_it_first()
    {
        Assert.Equal(0, Codec.Empty<TrustDomainState>().BundleNumber);
        Assert.True(Codec.IsTrustBearing<TrustDomainState>());
        Assert.True(Codec.IsTrustBearing<ClusterCaState>());
    }

    private static string WellFormed(string text) => new([.. text.Where(c => !char.IsSurrogate(c))]);
}
