using System.Security.Cryptography;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

public sealed class TrustDomainGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public TrustDomainGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    private GrainWorld World => _host.World;

    private string Name => World.TrustDomain.Name;

    private TrustDomainState Stored => World.Storage.Stored<TrustDomainState>($"trust-domain/{Name}");

    [Fact]
    public async Task The_name_is_stored_before_the_key_is_made_the_bytes_before_they_are_signed_and_the_log_knows_before_anybody_else()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());

        Assert.Equal(
            ["state.read", "denials.write", "state.write", "kms.find", "kms.create", "state.write", "state.write", "kms.sign", "state.write", "log.find", "log.append", "state.write"],
            World.Faults.Steps);
    }

    [Fact]
    public async Task Ensuring_again_or_at_once_makes_nothing_new()
    {
        var views = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => _host.TrustDomain.EnsureAsync(World.Ensure($"ensure-{i}"))));

        Assert.Single(views.Select(view => Assert.Single(view.Authorities).AuthorityId).Distinct());
        Assert.Single(KeysMade());
        Assert.Equal(1, views[0].BundleNumber);
    }

    [Fact]
    public async Task Another_refresh_hint_raises_the_number_and_keeps_the_root()
    {
        var first = await _host.TrustDomain.EnsureAsync(World.Ensure());
        var second = await _host.TrustDomain.EnsureAsync(World.Ensure("later") with { RefreshHintSeconds = 60 });

        Assert.Equal((2L, 60), (second.BundleNumber, second.RefreshHintSeconds));
        Assert.Equal(first.Authorities[0].AuthorityId, second.Authorities[0].AuthorityId);
    }

    [Fact]
    public async Task Whatever_step_fails_there_is_one_root_one_key_one_certificate_and_every_signature_had_its_intent()
    {
        var key = IssuerKey.Create();
        await RunAsync(key);
        var steps = World.Faults.Steps.Count;
        Assert.InRange(steps, 16, 30);
        for (var step = 1; step <= steps; step++)
        {
            foreach (var after in new[] { false, true })
            {
                _host.Fresh();
                World.Faults.FailStep(step, after);
                await RunAsync(key);
            }
        }
    }

    [Fact]
    public async Task A_write_whose_reply_was_lost_and_whose_rereading_failed_too_is_found_out_before_anything_is_decided()
    {
        var key = IssuerKey.Create();
        await RunAsync(key);
        var steps = World.Faults.Steps.ToList();
        for (var step = 1; step <= steps.Count; step++)
        {
            if (steps[step - 1] == "state.write")
            {
                _host.Fresh();
                World.Faults.FailStep(step, after: true);
                World.Faults.FailStep(step + 1, after: false);
                World.Faults.FailStep(step + 2, after: false);
                await RunAsync(key);
            }
        }
    }

    [Fact]
    public async Task The_same_operation_id_answers_with_the_same_certificate_and_costs_one_signature()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var signatures = World.Keys.Signatures;
        var command = Command("op-1", IssuerKey.Create());

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _host.TrustDomain.CertifyAsync(command)));

        Assert.Single(answers.Select(answer => Convert.ToHexString(answer.CertificateDer)).Distinct());
        Assert.Equal(signatures + 1, World.Keys.Signatures);
    }

    [Fact]
    public async Task A_KMS_that_is_away_is_an_unavailable_service_and_the_retry_signs_the_recorded_bytes()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var command = Command("op-1", IssuerKey.Create());
        World.Faults.FailNext("kms.sign", times: 2);

        Assert.Equal("kms_unavailable", (await Assert.ThrowsAsync<GrainOperationException>(() => _host.TrustDomain.CertifyAsync(command))).Reason);
        var intent = Assert.Single(Stored.Intents);
        Assert.Equal("kms_unavailable", (await Assert.ThrowsAsync<GrainOperationException>(() => _host.TrustDomain.CertifyAsync(command))).Reason);
        var certified = await _host.TrustDomain.CertifyAsync(command);

        Assert.Equal(intent.Tbs, ParsedCertificate.Read(certified.CertificateDer).Tbs.ToArray());
    }

    [Fact]
    public async Task No_certificate_leaves_without_its_record()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        var command = Command("op-1", IssuerKey.Create());
        World.Faults.FailNext("log.append");

        Assert.Equal("log_unavailable", (await Assert.ThrowsAsync<GrainOperationException>(() => _host.TrustDomain.CertifyAsync(command))).Reason);
        var certified = await _host.TrustDomain.CertifyAsync(command);

        var record = World.Log.Records.Single(known => known.Kind == IssuanceRecordKind.IssuingCa && known.TrustDomain == Name);
        Assert.Equal(SHA256.HashData(certified.CertificateDer), record.DerSha256.ToArray());
    }

    [Fact]
    public async Task A_lost_race_is_reread_and_nothing_of_the_other_writer_is_lost()
    {
        await _host.TrustDomain.EnsureAsync(World.Ensure());
        World.Storage.Overwrite($"trust-domain/{Name}", Stored with { RefreshHintSeconds = 77, BundleNumber = 9, OperationId = "another" });

        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => _host.TrustDomain.CertifyAsync(Command("op-1", IssuerKey.Create())));
        Assert.Equal((RefusalCode.Unavailable, "state_conflict"), (refused.Code, refused.Reason));

        await _host.TrustDomain.CertifyAsync(Command("op-1", IssuerKey.Create()));
        Assert.Equal((77, 9L), (Stored.RefreshHintSeconds, Stored.BundleNumber));
        Assert.Single(Stored.Intents);
    }

    [Fact]
    public async Task A_state_that_shows_less_than_the_log_was_rolled_back_and_is_refused()
    {
        await World.Log.AppendAsync(
            new IssuanceRecord(IssuanceRecordKind.X509Svid, Name, $"serial-{Name}", "spiffe://x/y", "ca", default, default, "r", "c", "e", default, 5, default, default),
            default);

        await Assert.ThrowsAnyAsync<Exception>(() => _host.TrustDomain.EnsureAsync(World.Ensure()));
        Assert.Empty(KeysMade());
    }

    [Fact]
    public async Task A_trust_domain_that_is_not_configured_gets_no_key()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => _host.Grains.GetGrain<ITrustDomainGrain>("evil.test").EnsureAsync(World.Ensure()));

        Assert.DoesNotContain(World.Keys.Made, key => key.Name.Contains("evil", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Before_there_is_a_root_the_trust_domain_is_unavailable()
    {
        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => _host.TrustDomain.GetAsync());

        Assert.Equal((RefusalCode.Unavailable, "no_root"), (refused.Code, refused.Reason));
    }

    [Fact]
    public async Task A_template_is_put_once_though_its_reply_is_lost_and_a_stale_one_conflicts()
    {
        var template = Template();
        World.Faults.FailNext("template.put", after: true);

        var stored = await _host.TrustDomain.PutTemplateAsync(template);
        var again = await _host.TrustDomain.PutTemplateAsync(template);

        Assert.Equal(stored, again);
        var stale = await Assert.ThrowsAsync<GrainOperationException>(() => _host.TrustDomain.PutTemplateAsync(template with { OperationId = "other" }));
        Assert.Equal(RefusalCode.Conflict, stale.Code);
        var next = await _host.TrustDomain.PutTemplateAsync(template with { Revision = 2, OperationId = "next", CreatedAt = default });
        Assert.Equal(stored.CreatedAt, next.CreatedAt);
    }

    [Fact]
    public async Task A_template_that_breaks_the_rules_is_refused()
    {
        foreach (var bad in new[]
        {
            Template() with { TrustDomain = "other.test" }, Template() with { Pattern = "spiffe://{trustDomain}/meshgrains/{k8s.sa}" },
            Template() with { X509SvidTtlSeconds = 0 }, Template() with { X509SvidTtlSeconds = 86_401 },
        })
        {
            Assert.Equal("bad_template", (await Assert.ThrowsAsync<GrainOperationException>(() => _host.TrustDomain.PutTemplateAsync(bad))).Reason);
        }
    }

    [Fact]
    public async Task A_deleted_template_is_denied_though_the_reply_of_its_deletion_is_lost()
    {
        await _host.TrustDomain.PutTemplateAsync(Template());
        World.Faults.FailNext("template.delete", after: true);

        Assert.True(await _host.TrustDomain.DeleteTemplateAsync($"t-{Name}", "gone", "operator", "op"));

        Assert.Equal((DenialKind.DeletedRegistration, $"t-{Name}"), Assert.Single((await _host.Denials.ReadAsync()).Denials) switch { var denial => (denial.Kind, denial.Subject) });
        Assert.False(await _host.TrustDomain.DeleteTemplateAsync($"t-{Name}", "gone", "operator", "op-2"));
    }

    private async Task RunAsync(IssuerKey key)
    {
        var unmatched = 0;
        World.Keys.Signing = digest =>
        {
            var state = Stored;
            var intended = state.Intents.Select(intent => intent.Tbs).Concat(state.Authorities.Select(root => root.Tbs ?? []));
            unmatched += intended.Any(tbs => SHA256.HashData(tbs).AsSpan().SequenceEqual(digest)) ? 0 : 1;
        };
        var command = Command("op-1", key);
        var view = await HostedGrains.RetryAsync(() => _host.TrustDomain.EnsureAsync(World.Ensure()));
        var certified = await HostedGrains.RetryAsync(() => _host.TrustDomain.CertifyAsync(command));
        var again = await HostedGrains.RetryAsync(() => _host.TrustDomain.CertifyAsync(command));
        World.Keys.Signing = null;

        Assert.Equal(0, unmatched);
        var root = Assert.Single(view.Authorities);
        Assert.Equal(1, view.BundleNumber);
        Assert.Single(KeysMade());
        Assert.Equal(certified.CertificateDer, again.CertificateDer);
        Assert.Equal(certified.CertificateDer, Assert.Single(Stored.Intents).CertificateDer);
        Assert.True(ParsedCertificate.Read(certified.CertificateDer).IsSignedBy(ParsedCertificate.Read(root.CertificateDer).PublicKey));
        var records = World.Log.Records.Where(record => record.TrustDomain == Name).ToList();
        Assert.Equal(
            new[] { root.CertificateDer, certified.CertificateDer }.Select(der => Convert.ToHexString(SHA256.HashData(der))).Order(),
            records.Select(record => Convert.ToHexString(record.DerSha256.Span)).Order());
    }

    private List<string> KeysMade() =>
        [.. World.Keys.Made.Select(key => key.Name).Where(name => name.StartsWith($"meshgrains-root-{Name.Replace('.', '-')}-", StringComparison.Ordinal))];

    private static CertifyIssuingCa Command(string operationId, IssuerKey key) =>
        new(operationId, "main", "silo-1", key.SubjectPublicKeyInfo.ToArray(), 72 * 3600);

    private RegistrationTemplate Template() =>
        new($"t-{Name}", Name, "prod", "spiffe://{trustDomain}/ns/{k8s.ns}", null, null, default, 1, "op-1");
}
