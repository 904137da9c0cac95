using Google.Protobuf;
using MeshGrains.Agent.ControlPlane;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests;

public sealed class SvidRenewerTests : IAsyncLifetime, IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly Clues<SvidRenewer> _clues = new();
    private readonly TestIssuer _ca = new();
    private readonly SvidDemand _demand = new();
    private readonly Issuers _link;
    private readonly AgentState _state;
    private readonly SvidRenewer _renewer;

    public SvidRenewerTests()
    {
        _state = new AgentState(TestIssuer.Domain, _ca.Bundle(0));
        _link = new Issuers(_state, _time);
        var options = new AgentConfiguration { Renewal = new RenewalOptions { BatchSize = 10 } };
        _renewer = new SvidRenewer(_state, _demand, new ReissueSchedule(_state, _time), _link, options, _clues.Metrics, new NoJitter(), _time, _clues);
        _link.Answer = request => Sign(request, _time.GetUtcNow().AddHours(1));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _renewer.StopAsync(CancellationToken.None);

    public void Dispose()
    {
        _renewer.Dispose();
        _ca.Dispose();
    }

    [Fact]
    public async Task Every_entry_gets_a_certificate_in_batches_and_at_half_of_its_life_another_one()
    {
        Entries(25);
        await _renewer.StartAsync(CancellationToken.None);
        await HeldAsync(25);
        Assert.Equal([10, 10, 5], _link.Asked.Select(batch => batch.Count));
        var first = _state.Current.Svids["e03"].NotAfter;

        await SleepingAsync();
        _time.Advance(TimeSpan.FromMinutes(29));
        await SleepingAsync();
        Assert.Equal(3, _link.Asked.Count);
        _time.Advance(TimeSpan.FromMinutes(1));
        await Eventually.HoldsAsync(() => _state.Current.Svids.Values.All(svid => svid.NotAfter > first), "all are renewed");
        Assert.Equal(6, _link.Asked.Count);
    }

    [Fact]
    public async Task What_somebody_waits_for_is_asked_for_first()
    {
        Entries(35);
        _demand.Want(["e31", "e07"]);
        await _renewer.StartAsync(CancellationToken.None);
        await HeldAsync(35);

        Assert.Equal(["e07", "e31"], _link.Asked[0].Take(2).Order());
    }

    [Fact]
    public async Task Without_a_control_plane_it_waits_and_goes_on_when_there_is_one()
    {
        _link.Cut();
        Entries(1);
        await _renewer.StartAsync(CancellationToken.None);
        await SleepingAsync();
        Assert.Empty(_state.Current.Svids);

        _link.Stand();
        await HeldAsync(1);
    }

    [Fact]
    public async Task A_call_that_fails_is_tried_again_ever_more_slowly_and_told_to_the_link()
    {
        var failures = 3;
        var good = _link.Answer;
        _link.Answer = request => failures-- > 0 ? throw new RpcException(RpcStatusCode.Unavailable, "away") : good(request);
        Entries(1);
        await _renewer.StartAsync(CancellationToken.None);
        for (var i = 1; i <= 3; i++)
        {
            await Eventually.HoldsAsync(() => _link.Asked.Count == i && _time.ActiveTimers > 0, "the next attempt waits");
            Assert.Equal(TimeSpan.FromMilliseconds(250 << (i - 1)), _time.UntilNextTimer);
            _time.Advance(_time.UntilNextTimer!.Value);
        }

        await HeldAsync(1);
        Assert.Equal(3, _link.Failures);
    }

    [Fact]
    public async Task A_failure_of_any_kind_does_not_end_it()
    {
        var failed = false;
        var good = _link.Answer;
        _link.Answer = request =>
        {
            if (!failed)
            {
                failed = true;
                throw new ObjectDisposedException("the channel");
            }

            return good(request);
        };
        Entries(1);
        await _renewer.StartAsync(CancellationToken.None);
        await SleepingAsync();
        _time.Advance(TimeSpan.FromSeconds(1));

        await HeldAsync(1);
    }

    [Fact]
    public async Task A_refused_entry_is_asked_for_again_ever_more_rarely_and_at_once_when_it_changed()
    {
        _link.Answer = request => Refuse(request, "quarantined");
        Entries(1);
        await _renewer.StartAsync(CancellationToken.None);
        foreach (var (calls, seconds) in new[] { (1, 1), (2, 2), (3, 4) })
        {
            await Eventually.HoldsAsync(() => _link.Asked.Count == calls && _time.ActiveTimers > 0, "it was refused");
            await SleepingAsync();
            Assert.Equal(TimeSpan.FromSeconds(seconds), _time.UntilNextTimer);
            _time.Advance(TimeSpan.FromSeconds(seconds));
        }

        await Eventually.HoldsAsync(() => _link.Asked.Count == 4, "it is asked for");
        await SleepingAsync();
        Entries(1, revision: 2);
        await Eventually.HoldsAsync(() => _link.Asked.Count == 5, "the changed entry is asked for without a wait");
        await Eventually.HoldsAsync(() => _clues.Counters.Contains("meshgrains_agent_svids_total{result=\"quarantined\"} 5", StringComparison.Ordinal), "each refusal is counted");
    }

    [Fact]
    public async Task A_control_plane_that_has_too_much_to_do_is_let_alone_and_what_is_waited_for_comes_first_then()
    {
        var good = _link.Answer;
        _link.Answer = request => Refuse(request, "caller_quota", RpcStatusCode.ResourceExhausted);
        Entries(30);
        await _renewer.StartAsync(CancellationToken.None);
        await SleepingAsync();
        Assert.Single(_link.Asked);
        Assert.Equal(TimeSpan.FromMilliseconds(700), _time.UntilNextTimer);

        _link.Answer = good;
        _demand.Want(["e29"]);
        _time.Advance(TimeSpan.FromMilliseconds(700));
        await HeldAsync(30);
        Assert.Equal("e29", _link.Asked[1][0]);
    }

    [Fact]
    public async Task A_wrong_answer_is_not_taken_and_does_not_make_it_ask_without_end()
    {
        var wrong = new Queue<Func<IssueRequest, IssueResponse>>(
        [
            request => Sign(request, _time.GetUtcNow().AddHours(1), spiffeId: "spiffe://test.mesh/other"),
            request => Sign(request, _time.GetUtcNow().AddHours(1), foreignKey: true),
            request => Sign(request, _time.GetUtcNow().AddMinutes(-1)),
            _ => new IssueResponse { Results = { new IssueResponse.Types.Result { Svid = new Svid { Chain = { ByteString.CopyFromUtf8("x") } } } } },
            _ => new IssueResponse { Results = { new IssueResponse.Types.Result() } },
        ]);
        var good = _link.Answer;
        _link.Answer = request => wrong.TryDequeue(out var answer) ? answer(request) : good(request);
        Entries(1);
        await _renewer.StartAsync(CancellationToken.None);
        for (var calls = 1; calls <= 5; calls++)
        {
            await Eventually.HoldsAsync(() => _link.Asked.Count == calls, "it is asked for");
            await SleepingAsync();
            Assert.Equal(calls, _link.Asked.Count);
            Assert.Empty(_state.Current.Svids);
            _time.Advance(_time.UntilNextTimer!.Value);
        }

        await HeldAsync(1);
        Assert.Contains(_clues.Lines, line => line.Contains("it is not for spiffe://test.mesh/e00", StringComparison.Ordinal));
        Assert.Contains(_clues.Lines, line => line.Contains("it is for another key", StringComparison.Ordinal));
        Assert.Contains(_clues.Lines, line => line.Contains("look at this node's clock", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Certificates_of_a_tainted_CA_are_replaced_at_once_and_one_that_it_signs_again_does_not_make_it_ask_without_end()
    {
        Entries(2);
        await _renewer.StartAsync(CancellationToken.None);
        await HeldAsync(2);
        await SleepingAsync();

        _state.Apply(new AgentUpdate { TaintedAuthorityIds = { _ca.AuthorityId } });
        await Eventually.HoldsAsync(() => _link.Asked.Count == 2, "both are asked for");
        await SleepingAsync();
        Assert.Equal(2, _link.Asked.Count);
        using var other = new TestIssuer("other");
        _link.Answer = request => Sign(request, _time.GetUtcNow().AddHours(1), other);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.HoldsAsync(() => _state.Current.Svids.Values.All(svid => svid.IssuerAuthorityId == other.AuthorityId), "both are of another CA");
    }

    [Fact]
    public async Task What_is_to_be_replaced_over_a_time_is_asked_for_along_a_slope_and_all_of_it_within_the_time()
    {
        Entries(40);
        await _renewer.StartAsync(CancellationToken.None);
        await HeldAsync(40);
        await SleepingAsync();
        using var other = new TestIssuer("other");
        _link.Answer = request => Sign(request, _time.GetUtcNow().AddHours(1), other);
        int Replaced() => _state.Current.Svids.Values.Count(svid => svid.IssuerAuthorityId == other.AuthorityId);

        _state.Apply(new AgentUpdate
        {
            TaintedAuthorityIds = { _ca.AuthorityId }, Reissues = { new Reissue { AuthorityIds = { _ca.AuthorityId }, OverSeconds = 600 } },
        });

        // Until then it waits for half of their lives: time that passes before it has seen the order does not count.
        await Eventually.HoldsAsync(() => _time.UntilNextTimer < TimeSpan.FromSeconds(600), "it waits for the first one's turn");
        await PassAsync(TimeSpan.FromSeconds(300), Replaced);
        Assert.InRange(Replaced(), 5, 35);
        await PassAsync(TimeSpan.FromSeconds(300), Replaced);
        Assert.Equal(40, Replaced());
    }

    [Fact]
    public async Task What_has_ended_is_not_served_any_more()
    {
        Entries(1);
        await _renewer.StartAsync(CancellationToken.None);
        await HeldAsync(1);
        _link.Cut();
        await SleepingAsync();

        _time.Advance(TimeSpan.FromHours(1));
        await Eventually.HoldsAsync(() => _state.Current.Svids.IsEmpty, "it is dropped");
    }

    [Fact]
    public async Task Certificates_of_one_issuer_share_its_certificate()
    {
        Entries(3);
        await _renewer.StartAsync(CancellationToken.None);
        await HeldAsync(3);
        var issuers = _state.Current.Svids.Values.Select(svid => svid.Chain[1]).ToList();

        Assert.All(issuers, issuer => Assert.True(issuer.Equals(issuers[0])));
        Assert.Equal(_ca.Root.ToArray(), issuers[0].ToArray());
    }

    /// <summary>Lets the time go by from one timer to the next.</summary>
    private async Task PassAsync(TimeSpan time, Func<int> progress)
    {
        var end = _time.GetUtcNow() + time;
        while (_time.GetUtcNow() < end)
        {
            await Eventually.HoldsAsync(() => _time.UntilNextTimer is not null, "it sleeps again");
            var (before, step) = (progress(), _time.UntilNextTimer!.Value);
            var left = end - _time.GetUtcNow();
            _time.Advance(step < left ? step : left);
            if (step <= left)
            {
                await Eventually.HoldsAsync(() => progress() > before, "what was due is replaced");
            }

            await SleepingAsync();
        }
    }

    private static IssueResponse Refuse(IssueRequest request, string reason, RpcStatusCode code = RpcStatusCode.PermissionDenied) => new()
    {
        Results = { request.Items.Select(item => new IssueResponse.Types.Result { EntryId = item.EntryId, Code = (int)code, Reason = reason, Message = "no", RetryAfterMs = 700 }) },
    };

    private IssueResponse Sign(IssueRequest request, DateTimeOffset notAfter, TestIssuer? issuer = null, string? spiffeId = null, bool foreignKey = false)
    {
        var response = new IssueResponse();
        foreach (var item in request.Items)
        {
            using var foreign = new SvidKey();
            var id = spiffeId ?? $"spiffe://test.mesh/{item.EntryId}";
            var chain = (issuer ?? _ca).Sign(foreignKey ? foreign.CsrDer : item.Csr.Memory, id, notAfter.AddHours(-2), notAfter);
            response.Results.Add(new IssueResponse.Types.Result
            {
                EntryId = item.EntryId, Svid = new Svid { SpiffeId = id, Chain = { chain.Select(der => ByteString.CopyFrom(der.Span)) } },
            });
        }

        return response;
    }

    private void Entries(int count, long revision = 1) => _state.Apply(new AgentUpdate
    {
        Entries =
        {
            Enumerable.Range(0, count).Select(i => new Entry
            {
                Id = $"e{i:00}", SpiffeId = $"spiffe://test.mesh/e{i:00}", Revision = revision, Selectors = { new Selector { Type = "unix", Value = $"uid:{i}" } },
            }),
        },
    });

    private Task HeldAsync(int count) => Eventually.HoldsAsync(() => _state.Current.Svids.Count == count, $"{count} certificates are held");

    /// <summary>It has seen what there is now, done all that it could, and waits for its clock.</summary>
    private Task SleepingAsync() => Eventually.HoldsAsync(
        () => _link.Seen is var (snapshot, changed, timers) && snapshot == _state.Current && changed == _link.Changed && _time.TimersSet > timers && _time.ActiveTimers > 0,
        "it waits");

    private sealed class NoJitter : IJitter
    {
        public double Next(double spread) => 1;
    }

    private sealed class Issuers(AgentState state, FakeTimeProvider time) : IIssuerLink, ISvidIssuer
    {
        private readonly Lock _gate = new();
        private readonly List<IReadOnlyList<string>> _asked = [];
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private (AgentSnapshot Snapshot, Task Changed, long Timers)? _seen;
        private bool _stands = true;

        public Func<IssueRequest, IssueResponse> Answer { get; set; } = _ => new IssueResponse();

        public int Failures { get; private set; }

        public Task Changed
        {
            get
            {
                lock (_gate)
                {
                    return _changed.Task;
                }
            }
        }

        public ISvidIssuer? Issuer
        {
            get
            {
                lock (_gate)
                {
                    _seen = (state.Current, _changed.Task, time.TimersSet);
                    return _stands ? this : null;
                }
            }
        }

        /// <summary>What there was when the renewer looked last, and how many timers were set until then.</summary>
        public (AgentSnapshot Snapshot, Task Changed, long Timers)? Seen
        {
            get
            {
                lock (_gate)
                {
                    return _seen;
                }
            }
        }

        /// <summary>The entries of each call.</summary>
        public IReadOnlyList<IReadOnlyList<string>> Asked
        {
            get
            {
                lock (_gate)
                {
                    return [.. _asked];
                }
            }
        }

        public void Cut() => Set(false);

        public void Stand() => Set(true);

        public void Failed(ISvidIssuer issuer, RpcException failure) => Failures++;

        public Task<IssueResponse> IssueAsync(IssueRequest request, CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                _asked.Add([.. request.Items.Select(item => item.EntryId)]);
            }

            return Task.FromResult(Answer(request));
        }

        private void Set(bool stands)
        {
            TaskCompletionSource before;
            lock (_gate)
            {
                before = _changed;
                (_stands, _changed) = (stands, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            before.SetResult();
        }
    }
}
