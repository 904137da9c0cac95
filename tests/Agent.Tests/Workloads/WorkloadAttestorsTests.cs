using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Tests.Workloads;

public sealed class WorkloadAttestorsTests : IDisposable
{
    private readonly Clues<WorkloadAttestors> _clues = new();
    private readonly FakeTimeProvider _time = new();
    private readonly SocketPair _pair = new();
    private readonly WorkloadOptions _options = new();
    private readonly UnixAttestor _unix;

    public WorkloadAttestorsTests() => _unix = new UnixAttestor(_options, new Accounts());

    public void Dispose()
    {
        _unix.Dispose();
        _pair.Dispose();
    }

    [Fact]
    public async Task What_all_of_them_tell_is_brought_together()
    {
        var attestation = await AttestAsync(new Fake("systemd", () => Of("systemd:id:a.service")), new Fake("k8s", () => Of("k8s:ns:default", "k8s:sa:a")));

        Assert.True(attestation.Succeeded);
        Assert.Superset(new HashSet<string> { "systemd:id:a.service", "k8s:ns:default", "k8s:sa:a" }, attestation.Selectors.ToHashSet());
        Assert.Contains(attestation.Selectors, selector => selector.StartsWith("unix:uid:", StringComparison.Ordinal));
        Assert.Empty(attestation.Silent);
    }

    [Fact]
    public async Task One_that_fails_takes_nothing_from_the_others_and_is_logged_and_counted()
    {
        var attestation = await AttestAsync(
            new Fake("k8s", () => throw new AttestorException("unreachable", "no kubelet")), new Fake("docker", () => throw new InvalidCastException("a fault of ours")),
            new Fake("systemd", () => Of("systemd:id:a.service")));

        Assert.True(attestation.Succeeded);
        Assert.Contains("systemd:id:a.service", attestation.Selectors);
        Assert.Contains(attestation.Selectors, selector => selector.StartsWith("unix:uid:", StringComparison.Ordinal));
        Assert.Equal(["k8s", "docker"], attestation.Silent);
        Assert.Contains(_clues.Lines, line => line.Contains("k8s", StringComparison.Ordinal) && line.Contains("unreachable: no kubelet", StringComparison.Ordinal));
        Assert.Contains("meshgrains_agent_attestor_k8s_total{result=\"unreachable\"} 1", _clues.Counters, StringComparison.Ordinal);
        Assert.Contains("meshgrains_agent_attestor_docker_total{result=\"failed\"} 1", _clues.Counters, StringComparison.Ordinal);
        Assert.Contains("meshgrains_agent_attestor_systemd_total{result=\"ok\"} 1", _clues.Counters, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_never_answers_is_given_up_at_the_deadline()
    {
        var attesting = AttestAsync(new Fake("k8s", () => new TaskCompletionSource<IReadOnlyCollection<string>>().Task), new Fake("systemd", () => Of("systemd:id:a.service")));
        await Eventually.HoldsAsync(() => _time.ActiveTimers > 0, "the deadline is set");
        _time.Advance(_options.AttestationTimeout);

        Assert.Equal(["k8s"], (await attesting).Silent);
        Assert.Contains("meshgrains_agent_attestor_k8s_total{result=\"timeout\"} 1", _clues.Counters, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_that_gives_up_ends_the_attestation()
    {
        using var caller = new CancellationTokenSource();
        var attesting = AttestAsync(caller.Token, new Fake("k8s", () => new TaskCompletionSource<IReadOnlyCollection<string>>().Task));
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attesting);
    }

    [Fact]
    public async Task A_process_that_ends_meanwhile_is_refused()
    {
        // The last look: its handle is taken away, as it is when the process ends, while an attestor is at work.
        var attestation = await AttestAsync(new Fake("k8s", () =>
        {
            _pair.Peer.Dispose();
            return Of("k8s:sa:a");
        }));

        Assert.False(attestation.Succeeded);
        Assert.Equal("peer_gone", attestation.Reason);
    }

    private Task<Attestation> AttestAsync(params IWorkloadAttestor[] others) => AttestAsync(CancellationToken.None, others);

    private Task<Attestation> AttestAsync(CancellationToken cancellationToken, params IWorkloadAttestor[] others) =>
        new WorkloadAttestors(_unix, others, _options, _clues.Metrics, _time, _clues).AttestAsync(_pair.Peer, cancellationToken);

    private static Task<IReadOnlyCollection<string>> Of(params string[] selectors) => Task.FromResult<IReadOnlyCollection<string>>(selectors);

    private sealed class Fake(string type, Func<Task<IReadOnlyCollection<string>>> answer) : IWorkloadAttestor
    {
        public string Type => type;

        public Task<IReadOnlyCollection<string>> AttestAsync(PeerProcess peer, CancellationToken cancellationToken) => answer();
    }
}
