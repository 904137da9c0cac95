namespace MeshGrains.Grains.Tests;

public sealed class IssuingCaLifecycleTests : IAsyncDisposable
{
    private static readonly GrainOperationException Away = new(RefusalCode.Unavailable, "kms_unavailable", "The key manager did not answer.");

    private readonly SiloParts _silo = new();

    public async ValueTask DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task A_silo_asks_at_its_start_with_a_signature_of_its_bootstrap_key()
    {
        await RunningAsync();

        var request = Assert.Single(_silo.Requests);
        Assert.Equal("silo-1", request.Silo);
        Assert.Equal(_silo.Issuers.Current!.Issuer.Key.SubjectPublicKeyInfo.ToArray(), request.SubjectPublicKeyInfo);
        Assert.Equal(1, _silo.Issuers.Current.BundleNumber);
    }

    [Fact]
    public async Task It_renews_at_half_of_the_life_with_a_fresh_key_under_a_fresh_operation()
    {
        await RunningAsync();
        var first = _silo.Issuers.Current!;

        _silo.Clock.Advance(_silo.CaOptions.IssuingCaTtl * 0.44);
        Assert.Single(_silo.Requests);
        _silo.Clock.Advance(_silo.CaOptions.IssuingCaTtl * 0.12);
        await Waiting.UntilAsync(() => _silo.Issuers.Current != first, "the renewal");

        Assert.Equal(2, _silo.Requests.Count);
        Assert.NotEqual(_silo.Requests[0].OperationId, _silo.Requests[1].OperationId);
        Assert.NotEqual(_silo.Requests[0].SubjectPublicKeyInfo, _silo.Requests[1].SubjectPublicKeyInfo);
    }

    [Fact]
    public async Task While_the_KMS_is_away_the_standing_CA_goes_on_and_every_retry_is_the_same_operation()
    {
        await RunningAsync();
        var first = _silo.Issuers.Current!;
        _silo.CertifyingFails = () => Away;
        _silo.Clock.Advance(_silo.CaOptions.IssuingCaTtl * 0.56);
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(5), () => _silo.Requests.Count > 6, "some retries");

        Assert.Same(first, _silo.Issuers.Current);
        Assert.Single(_silo.Requests.Skip(1).Select(request => request.OperationId).Distinct());
        Assert.Single(_silo.Requests.Skip(1).Select(request => Convert.ToHexString(request.SubjectPublicKeyInfo)).Distinct());

        _silo.CertifyingFails = () => null;
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(5), () => _silo.Issuers.Current != first, "the recovery");
    }

    [Fact]
    public async Task A_lost_reply_costs_one_certificate()
    {
        var lost = 3;
        _silo.ReplyIsLost = () => lost-- > 0 ? new TimeoutException("No answer.") : null;
        await _silo.StartAsync();
        await _silo.StartLifecycleAsync();
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _silo.Issuers.Current is not null, "the certificate");

        Assert.Equal(4, _silo.Requests.Count);
        Assert.Single(_silo.Authority.State.Intents);
    }

    [Fact]
    public async Task Without_a_CA_it_says_why()
    {
        _silo.CertifyingFails = () => Away;
        await _silo.StartAsync();
        await _silo.StartLifecycleAsync();
        await Waiting.UntilAsync(() => _silo.Issuers.WaitingFor.Contains("did not answer", StringComparison.Ordinal), "the reason");

        Assert.Null(_silo.Issuers.Current);
    }

    [Fact]
    public async Task An_operation_that_lapsed_is_replaced_by_a_fresh_one()
    {
        var failures = new Queue<Exception?>([Away, new GrainOperationException(RefusalCode.Conflict, "intent_outlived", "ask anew"), null]);
        _silo.CertifyingFails = () => failures.Count > 0 ? failures.Dequeue() : null;
        await _silo.StartAsync();
        await _silo.StartLifecycleAsync();
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _silo.Issuers.Current is not null, "the certificate");

        Assert.Equal(_silo.Requests[0].OperationId, _silo.Requests[1].OperationId);
        Assert.NotEqual(_silo.Requests[1].OperationId, _silo.Requests[2].OperationId);
        Assert.NotEqual(_silo.Requests[1].SubjectPublicKeyInfo, _silo.Requests[2].SubjectPublicKeyInfo);
    }

    [Fact]
    public async Task A_taint_takes_the_CA_out_of_use_at_once_and_another_is_asked_for()
    {
        await RunningAsync();
        var first = _silo.Issuers.Current!;
        var swaps = new List<string?>();
        _silo.Issuers.Changed += next => swaps.Add(next?.AuthorityId);
        _silo.With(DenialKind.TaintedAuthority, first.AuthorityId);
        await _silo.PushAsync();

        await Waiting.UntilAsync(() => swaps.Count == 2, "another CA");
        Assert.Null(swaps[0]);
        Assert.NotNull(swaps[1]);
        Assert.NotEqual(first.AuthorityId, swaps[1]);
    }

    [Fact]
    public async Task A_taint_that_overtakes_the_certificate_is_not_lost()
    {
        var tainted = "";
        _silo.OnCertified = certified =>
        {
            if (tainted.Length == 0)
            {
                tainted = certified.AuthorityId;
                _silo.With(DenialKind.TaintedAuthority, tainted);
                _silo.PushAsync().GetAwaiter().GetResult();
            }
        };
        await _silo.StartAsync();
        await _silo.StartLifecycleAsync();
        await _silo.Clock.AdvanceUntilAsync(
            TimeSpan.FromMilliseconds(100), () => _silo.Issuers.Current is { } current && current.AuthorityId != tainted, "a CA that is not tainted");

        Assert.Equal(2, _silo.Requests.Count);
    }

    [Fact]
    public async Task Another_authoritys_taint_changes_nothing()
    {
        await RunningAsync();
        var first = _silo.Issuers.Current;
        _silo.With(DenialKind.TaintedAuthority, "somebody-elses");
        await _silo.PushAsync();

        Assert.Same(first, _silo.Issuers.Current);
        Assert.Single(_silo.Requests);
    }

    [Fact]
    public async Task A_silo_whose_clock_runs_ahead_does_not_ask_without_a_pause()
    {
        _silo.OnCertified = _ => _silo.Clock.SetUtcNow(_silo.Clock.GetUtcNow() + TimeSpan.FromDays(4));
        await RunningAsync();
        for (var i = 0; i < 20; i++)
        {
            _silo.Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1);
        }

        Assert.Single(_silo.Requests);
    }

    [Fact]
    public async Task A_silo_that_stops_signs_no_more_and_then_releases_its_CA()
    {
        await RunningAsync();
        var held = _silo.Issuers.Current!;

        await _silo.Lifecycle.StopAsync(default);

        var (release, issuing) = Assert.Single(_silo.Releases);
        Assert.Equal((held.AuthorityId, "silo-1", _silo.Identity.Incarnation, false), (release.AuthorityId, release.Silo, release.Incarnation, issuing));
        Assert.NotEmpty(release.Signature);
        Assert.Null(_silo.Issuers.Current);
    }

    [Fact]
    public async Task A_drop_while_another_CA_is_on_its_way_asks_for_no_third()
    {
        await RunningAsync();
        var first = _silo.Issuers.Current!;
        _silo.OnCertified = _ => _silo.Issuers.Drop(first.AuthorityId, "fenced");
        _silo.Clock.Advance(_silo.CaOptions.IssuingCaTtl * 0.56);
        await Waiting.UntilAsync(() => _silo.Issuers.Current is { } next && next != first && _silo.Clock.ActiveTimers >= 2, "the renewal");
        _silo.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(2, _silo.Requests.Count);
    }

    [Fact]
    public async Task A_silo_that_takes_relayed_calls_asks_when_its_address_is_known()
    {
        await using var silo = new SiloParts(takesRelayedCalls: true);
        await silo.StartAsync();
        await silo.Lifecycle.StartAsync(default);
        await Waiting.UntilAsync(() => silo.Issuers.WaitingFor.Contains("authority", StringComparison.Ordinal), "the wait for the address");
        Assert.Empty(silo.Requests);

        silo.Identity.AnnounceRelay("127.0.0.1:9000");
        await Waiting.UntilAsync(() => silo.Issuers.Current is not null, "the CA");
        Assert.Equal("127.0.0.1:9000", Assert.Single(silo.Requests).RelayEndpoint);
    }

    [Fact]
    public async Task A_process_that_is_no_issuer_asks_for_nothing()
    {
        _silo.TrustDomain.Issues = false;
        await _silo.StartAsync();
        await _silo.Lifecycle.StartAsync(default);
        await Waiting.UntilAsync(() => _silo.Lifecycle.ExecuteTask is { IsCompleted: true }, "the end of the lifecycle");

        Assert.Empty(_silo.Requests);
        Assert.Contains("role", _silo.Issuers.WaitingFor, StringComparison.Ordinal);
    }

    private async Task RunningAsync()
    {
        await _silo.StartAsync();
        await _silo.StartLifecycleAsync();
        await Waiting.UntilAsync(() => _silo.Issuers.Current is not null && _silo.Clock.ActiveTimers >= 2, "the first CA");
    }
}
