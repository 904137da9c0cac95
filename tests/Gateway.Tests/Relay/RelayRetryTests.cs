using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using MeshGrains.Gateway.Istio;
using MeshGrains.Gateway.Relay;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Istio;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Gateway.Tests.Relay;

public sealed class RelayRetryTests
{
    private static readonly Refusal NotReady = new(RefusalCode.Unavailable, "not_ready", "Not now.");

    [Fact]
    public async Task A_silo_that_cannot_issue_costs_its_callers_nothing()
    {
        await using var front = await FrontHost.StartAsync(silos: 2);
        front.Silos[0].Issuance.Answer = _ => NotReady;
        await IssueAllAsync(front, calls: 20);
        Assert.Equal(20, front.Silos[1].Issuance.Requests.Count);
    }

    [Fact]
    public async Task A_call_that_silos_decline_for_its_own_sake_gets_none_of_them_left_out()
    {
        await using var front = await FrontHost.StartAsync(silos: 2, options => options.ProbeInterval = TimeSpan.FromSeconds(30));
        var links = front.App.Services.GetRequiredService<SiloLinks>();
        await front.UntilAsync(() => links.Healthy == 2, "both silos are ready");
        foreach (var silo in front.Silos)
        {
            silo.Issuance.Answer = _ => NotReady;
        }

        using var client = front.Client();
        (await FrontHost.IssueAsync(client)).Dispose();
        (await FrontHost.IssueAsync(client)).Dispose();
        Assert.Equal(2, links.Healthy);

        // Nothing but that from a silo is another matter.
        (await FrontHost.IssueAsync(client)).Dispose();
        Assert.Equal(0, links.Healthy);
    }

    [Fact]
    public async Task One_call_without_an_answer_gets_no_silo_left_out_that_answers_others()
    {
        await using var front = await FrontHost.StartAsync(
            silos: 1,
            options => (options.ProbeInterval, options.AttemptTimeout, options.Deadline) = (TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3.5)));
        var links = front.App.Services.GetRequiredService<SiloLinks>();
        await front.UntilAsync(() => links.Healthy == 1, "the silo is ready");
        using var gate = new ManualResetEventSlim();
        var silo = front.Silos[0];
        string? first = null;
        silo.Issuance.Answer = request =>
            (Interlocked.CompareExchange(ref first, request.RequestId, null) ?? request.RequestId) == request.RequestId
                ? Wait(gate) : new Refusal(RefusalCode.PermissionDenied, "told", "Heard.");
        using var client = front.Client();

        var slow = FrontHost.IssueAsync(client);
        await front.UntilAsync(() => silo.Issuance.Requests.Count == 1, "the slow call is under way");
        using (var quick = await FrontHost.IssueAsync(client))
        {
            Assert.Equal("told", await ReasonAsync(quick));
        }

        using (var given = await slow)
        {
            Assert.Equal("no_silo", await ReasonAsync(given));
        }

        Assert.Equal(1, links.Healthy);
        gate.Set();
    }

    [Fact]
    public async Task The_only_silo_that_stood_still_for_a_moment_is_asked_again_within_the_deadline()
    {
        await using var front = await FrontHost.StartAsync(
            silos: 1,
            options => (options.ProbeInterval, options.AttemptTimeout, options.Deadline) = (TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(30)));
        using var gate = new ManualResetEventSlim();
        var calls = 0;
        front.Silo.Issuance.Answer = _ => Interlocked.Increment(ref calls) == 1 ? Wait(gate) : new Refusal(RefusalCode.PermissionDenied, "told", "Heard.");
        using var client = front.Client();
        using var reply = await FrontHost.IssueAsync(client);
        Assert.Equal("told", await ReasonAsync(reply));
        Assert.Single(front.Silo.Issuance.Requests.Select(request => request.RequestId).Distinct());
        gate.Set();
    }

    [Fact]
    public async Task A_silo_that_dies_costs_its_callers_nothing()
    {
        await using var front = await FrontHost.StartAsync(silos: 2);
        await IssueAllAsync(front, calls: 5);
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await front.Silos[0].App.StopAsync(now.Token);
        await IssueAllAsync(front, calls: 20);
    }

    [Fact]
    public async Task A_silo_that_drains_finishes_its_calls_and_gets_no_others()
    {
        await using var front = await FrontHost.StartAsync(silos: 2);
        using var gate = new ManualResetEventSlim();
        using var client = front.Client();
        front.Silos[0].Issuance.Answer = front.Silos[1].Issuance.Answer = _ => Wait(gate);
        var under = FrontHost.IssueAsync(client);
        await front.UntilAsync(() => front.Silos.Any(silo => silo.Issuance.Requests.Count == 1), "a call is under way");
        var (busy, other) = front.Silos[0].Issuance.Requests.Count == 1 ? (front.Silos[0], front.Silos[1]) : (front.Silos[1], front.Silos[0]);
        other.Issuance.Answer = null;

        var stopping = busy.App.StopAsync();
        await IssueAllAsync(front, calls: 10);
        Assert.Equal(10, other.Issuance.Requests.Count);
        gate.Set();
        using var reply = await under;
        Assert.Equal("told", await ReasonAsync(reply));
        await stopping.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_frozen_silo_does_not_eat_the_deadline()
    {
        using var frozen = new FrozenSilo();
        await using var front = await FrontHost.StartAsync(
            silos: 1,
            options => (options.AttemptTimeout, options.ProbeInterval, options.Ejection) = (TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(50)),
            more: frozen.Address);

        // Each is answered within the relay's deadline; the living silo may be slow at times, and hear of one twice.
        await IssueAllAsync(front, calls: 8);
        Assert.Equal(8, Calls(front.Silo));
    }

    [Fact]
    public async Task The_callers_deadline_ends_the_trying()
    {
        using var frozen = new FrozenSilo();
        await using var front = await FrontHost.StartAsync(
            relay: options => (options.ProbeInterval, options.AttemptTimeout, options.Deadline) = (TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)));
        front.Targets.Addresses = [frozen.Address];
        await front.App.Services.GetRequiredService<SiloLinks>().RefreshAsync(TimeSpan.Zero, CancellationToken.None);

        // By hand: a gRPC client ends the call at its deadline by itself, whatever the gateway does.
        using var request = new HttpRequestMessage(HttpMethod.Post, CreateCertificateHandler.Path)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(new byte[5]),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        request.Headers.TryAddWithoutValidation("grpc-timeout", "700m");
        var watch = Stopwatch.StartNew();
        using var reply = await front.Client().SendAsync(request);
        Assert.Equal($"{(int)RpcStatusCode.DeadlineExceeded}", Assert.Single(reply.Headers.GetValues("grpc-status")));
        Assert.StartsWith("No silo answered before the deadline", Assert.Single(reply.Headers.GetValues("grpc-message")), StringComparison.Ordinal);

        // Long before a silo's own time is over.
        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(600), TimeSpan.FromSeconds(50));
    }

    [Fact]
    public async Task Attempts_are_bounded_and_the_last_silos_answer_stands()
    {
        await using var front = await FrontHost.StartAsync(silos: 4);
        foreach (var silo in front.Silos)
        {
            silo.Issuance.Answer = _ => NotReady;
        }

        var refused = await Assert.ThrowsAsync<RpcException>(() => RelayFrontTests.CallAsync(front));
        Assert.Equal(RpcStatusCode.Unavailable, refused.StatusCode);
        Assert.StartsWith("Not now (request ", refused.Detail, StringComparison.Ordinal);
        var asked = front.Silos.SelectMany(silo => silo.Issuance.Requests).ToList();
        Assert.Equal(3, asked.Count);
        Assert.Single(asked.Select(request => request.RequestId).Distinct());
        Assert.Contains("meshgrains_relay_attempts_total{outcome=\"unavailable\"} 3", await front.MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_join_token_that_a_silo_took_and_did_not_answer_for_is_tried_again_as_the_same_call()
    {
        await using var front = await FrontHost.StartAsync(
            silos: 2, options => (options.AttemptTimeout, options.ProbeInterval) = (TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(30)));
        using var gate = new ManualResetEventSlim();
        front.Silos[0].Issuance.Answer = _ => Wait(gate);
        using var client = front.Client();
        for (var i = 0; i < 20 && front.Silos[0].Authenticator.Seen.IsEmpty; i++)
        {
            using var reply = await FrontHost.IssueAsync(client, $"mgj_good{i}");
            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        }

        // By its id the store knows the second attempt for the call that took the token.
        var lost = Assert.Single(front.Silos[0].Authenticator.Seen);
        Assert.Equal(32, lost.CallId.Length);
        Assert.Equal(lost.BearerToken, Assert.Single(front.Silos[1].Authenticator.Seen, seen => seen.CallId == lost.CallId).BearerToken);
        gate.Set();
    }

    [Fact]
    public async Task A_silo_that_froze_gets_no_call_again_before_it_has_answered_a_probe()
    {
        using var frozen = new FrozenSilo();
        await using var front = await FrontHost.StartAsync(
            silos: 1,
            options => (options.AttemptTimeout, options.ProbeInterval, options.Ejection) = (TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(50)),
            more: frozen.Address);
        var links = front.App.Services.GetRequiredService<SiloLinks>();
        var link = links.All.Single(one => one.Name == frozen.Address);
        await front.UntilAsync(() => links.Healthy == 1, "the living silo is ready");

        // As it was before it froze.
        link.Told(ready: true);
        link.Eject("a call found it frozen");
        await front.UntilAsync(() => !link.IsEjected, "its time is over");
        await IssueAllAsync(front, calls: 10);
        Assert.Equal(10, front.Silo.Issuance.Requests.Count);
        Assert.DoesNotContain("outcome=\"unknown\"", await front.MetricsAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("outcome=\"not_sent\"", await front.MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_that_changes_nothing_is_asked_again_elsewhere_when_its_silo_is_lost()
    {
        await using var front = await FrontHost.StartAsync(silos: 2, options => options.ProbeInterval = TimeSpan.FromSeconds(30));
        using var client = front.Client();
        (await client.GetAsync("/v1/bundle")).Dispose();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await front.Silos[0].App.StopAsync(now.Token);
        for (var i = 0; i < 10; i++)
        {
            using var reply = await client.GetAsync("/v1/bundle");
            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        }
    }

    [Fact]
    public async Task A_call_ends_at_the_relays_own_deadline_when_its_caller_names_none()
    {
        using var frozen = new FrozenSilo();
        await using var front = await FrontHost.StartAsync(
            relay: options => (options.ProbeInterval, options.AttemptTimeout, options.Deadline) = (TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(600)));
        front.Targets.Addresses = [frozen.Address];
        await front.App.Services.GetRequiredService<SiloLinks>().RefreshAsync(TimeSpan.Zero, CancellationToken.None);
        var watch = Stopwatch.StartNew();
        using var reply = await FrontHost.IssueAsync(front.Client());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
        Assert.InRange(watch.Elapsed, TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task Another_call_whose_outcome_is_unknown_is_tried_again()
    {
        await using var front = await FrontHost.StartAsync(
            silos: 2, options => (options.AttemptTimeout, options.ProbeInterval) = (TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(30)));
        using var gate = new ManualResetEventSlim();
        front.Silos[0].Issuance.Answer = _ => Wait(gate);
        await IssueAllAsync(front, calls: 6);
        Assert.Equal(6, Calls(front.Silos[1]));
        gate.Set();
    }

    [Fact]
    public async Task A_silo_that_is_not_ready_does_not_use_a_join_token_up()
    {
        await using var front = await FrontHost.StartAsync(
            silos: 2, options => (options.ProbeInterval, options.Ejection) = (TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(50)));
        front.Silos[0].Issuance.NotReadyReason = "a test says so";
        using var client = front.Client();
        for (var i = 0; i < 8; i++)
        {
            using var reply = await FrontHost.IssueAsync(client, $"mgj_good{i}");
            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
            Assert.DoesNotContain(reply.Headers, header => header.Key.StartsWith("mesh-relay", StringComparison.OrdinalIgnoreCase));
        }

        Assert.Empty(front.Silos[0].Authenticator.Seen);
        Assert.Equal(8, front.Silos[1].Authenticator.Seen.Count);
    }

    [Fact]
    public void The_budget_keeps_retries_a_part_of_the_calls()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        var budget = new RetryBudget(0.2, time);
        var taken = 0;
        for (var i = 0; i < 1000; i++)
        {
            budget.Called();
            taken += budget.TryTake() ? 1 : 0;
        }

        Assert.InRange(taken, 200, 212);
        Assert.False(budget.TryTake());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(budget.TryTake());
        Assert.False(new RetryBudget(0, time).TryTake());
    }

    private static IssuanceResult Wait(ManualResetEventSlim gate)
    {
        gate.Wait(TimeSpan.FromSeconds(20));
        return new Refusal(RefusalCode.PermissionDenied, "told", "After a while.");
    }

    private static int Calls(GatewayHost silo) => silo.Issuance.Requests.Select(request => request.RequestId).Distinct().Count();

    private static async Task IssueAllAsync(FrontHost front, int calls)
    {
        using var client = front.Client();
        for (var i = 0; i < calls; i++)
        {
            using var reply = await FrontHost.IssueAsync(client);
            Assert.True(reply.IsSuccessStatusCode, $"call {i}: {await reply.Content.ReadAsStringAsync()}\n{string.Join('\n', front.Logs.Lines)}");
        }
    }

    private static async Task<string> ReasonAsync(HttpResponseMessage reply) => (string)JsonNode.Parse(await reply.Content.ReadAsStringAsync())!["reason"]!;
}
