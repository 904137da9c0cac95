using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Agent.Workloads.Kubernetes;

namespace MeshGrains.Agent.Tests.Workloads.Kubernetes;

public sealed class KubernetesAttestorTests : IAsyncLifetime, IDisposable
{
    private readonly SocketPair _pair = new();
    private readonly ProcFolder _proc = new(PodLists.Cgroup);
    private FakeKubelet _kubelet = null!;

    public async Task InitializeAsync() => _kubelet = await FakeKubelet.StartAsync();

    public async Task DisposeAsync() => await _kubelet.DisposeAsync();

    public void Dispose()
    {
        _proc.Dispose();
        _pair.Dispose();
    }

    [Fact]
    public async Task Selectors_bear_SPIREs_names_and_are_asked_for_with_the_token()
    {
        _kubelet.Body = _ => PodLists.Blog();

        Assert.Equal(
        [
            "k8s:container-image:docker.io/library/blog:2", "k8s:container-image:docker.io/library/blog@sha256:22", "k8s:container-name:blog", "k8s:node-name:k8s-node-1",
            "k8s:ns:default", "k8s:pod-image-count:2", "k8s:pod-image:docker.io/library/blog:2", "k8s:pod-image:docker.io/library/blog@sha256:22",
            "k8s:pod-image:docker.io/library/proxy:3", "k8s:pod-init-image-count:1", "k8s:pod-init-image:docker.io/library/init:1",
            "k8s:pod-init-image:docker.io/library/init@sha256:11", "k8s:pod-label:app.kubernetes.io/version:v0", "k8s:pod-label:k8s-app:blog", "k8s:pod-name:blog-24ck7",
            "k8s:pod-owner-uid:ReplicaSet:2c401175-b29f-11e7-9350-020968147796", "k8s:pod-owner:ReplicaSet:blog", $"k8s:pod-uid:{PodLists.Uid}", "k8s:sa:writer",
        ], (await AttestAsync()).Order(StringComparer.Ordinal));
        Assert.Equal($"Bearer {FakeKubelet.Token}", _kubelet.Authorization);
    }

    [Fact]
    public async Task A_process_in_no_pod_has_none_and_nobody_is_asked()
    {
        _proc.Cgroup = "0::/system.slice/sshd.service\n";

        Assert.Empty(await AttestAsync());
        Assert.Equal(0, _kubelet.Asked);
    }

    [Fact]
    public async Task A_kubelet_that_lags_is_asked_again()
    {
        _kubelet.Body = turn => turn switch { 1 => PodLists.Empty, 2 => PodLists.Blog(containerId: ""), _ => PodLists.Blog() };

        Assert.Contains("k8s:sa:writer", await AttestAsync());
        Assert.Equal(3, _kubelet.Asked);
    }

    [Fact]
    public async Task A_container_that_the_kubelet_never_tells_of_is_refused() =>
        Assert.Equal("container_unknown", await RefusedAsync(options => options.Patience = TimeSpan.FromMilliseconds(120)));

    [Fact]
    public async Task An_init_container_is_found_and_has_its_own_name_and_image()
    {
        _kubelet.Body = _ => PodLists.Blog();
        _proc.Cgroup = $"0::/kubepods/besteffort/pod{PodLists.Uid}/{PodLists.Init}\n";

        var selectors = await AttestAsync();

        Assert.Contains("k8s:container-name:init", selectors);
        Assert.Contains("k8s:container-image:docker.io/library/init:1", selectors);
        Assert.DoesNotContain("k8s:container-name:blog", selectors);
    }

    [Fact]
    public async Task A_container_in_another_pods_cgroup_is_refused()
    {
        _kubelet.Body = _ => PodLists.Blog(uid: "0c48913c-b29f-11e7-9350-020968147796");

        Assert.Equal("pod_mismatch", await RefusedAsync());
    }

    [Fact]
    public async Task A_static_pod_is_known_by_its_hash()
    {
        _kubelet.Body = _ => PodLists.Blog(uid: "0c48913c-b29f-11e7-9350-020968147796", annotations: $$"""{"kubernetes.io/config.hash":"{{PodLists.Uid}}"}""");

        Assert.Contains("k8s:pod-uid:0c48913c-b29f-11e7-9350-020968147796", await AttestAsync());
    }

    [Fact]
    public async Task A_container_that_is_told_of_twice_is_refused()
    {
        _kubelet.Body = _ => PodLists.Blog(containerId: $"containerd://{PodLists.Init}");
        _proc.Cgroup = $"0::/kubepods/besteffort/pod{PodLists.Uid}/{PodLists.Init}\n";

        Assert.Equal("container_ambiguous", await RefusedAsync());
    }

    [Fact]
    public async Task A_kubelet_of_another_CA_is_not_believed_and_gets_no_token()
    {
        await using var other = await FakeKubelet.StartAsync();

        Assert.Equal("untrusted", await RefusedAsync(options => options.CaFile = other.Options().CaFile));
        Assert.Equal(0, _kubelet.Asked);
    }

    [Fact]
    public async Task A_kubelets_name_is_checked_when_it_is_given()
    {
        _kubelet.Body = _ => PodLists.Blog();

        Assert.NotEmpty(await AttestAsync(options => options.ServerName = "node-1"));
        Assert.Equal("untrusted", await RefusedAsync(options => options.ServerName = "node-2"));
    }

    [Fact]
    public async Task A_kubelet_that_signs_its_own_certificate_is_believed_when_told_to()
    {
        _kubelet.Body = _ => PodLists.Blog();

        Assert.NotEmpty(await AttestAsync(options => (options.SkipVerification, options.CaFile) = (true, "/nowhere")));
    }

    [Fact]
    public async Task The_read_only_port_gets_no_token()
    {
        await using var plain = await FakeKubelet.StartAsync(tls: false);
        plain.Body = _ => PodLists.Blog();

        Assert.NotEmpty(await AttestAsync(options => options.Kubelet = plain.Address));
        Assert.Null(plain.Authorization);
    }

    [Fact]
    public async Task Refusals_and_answers_that_cannot_be_used_have_reasons_of_their_own()
    {
        Assert.Equal("no_token", await RefusedAsync(options => options.TokenFile = "/nowhere"));
        _kubelet.StatusCode = 403;
        Assert.Equal("refused", await RefusedAsync());
        _kubelet.StatusCode = 200;
        _kubelet.Body = _ => "{";
        Assert.Equal("bad_answer", await RefusedAsync());
        _kubelet.Body = _ => PodLists.Blog();
        Assert.Equal("too_large", await RefusedAsync(options => options.MaxBodyBytes = 1024));
        Assert.Equal("unreachable", await RefusedAsync(options => options.Kubelet = "https://127.0.0.1:1"));
        _kubelet.Gate = new TaskCompletionSource().Task.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal("timeout", await RefusedAsync(options => options.Timeout = TimeSpan.FromMilliseconds(100)));
    }

    [Fact]
    public async Task Callers_that_come_together_share_one_question()
    {
        var gate = new TaskCompletionSource();
        (_kubelet.Body, _kubelet.Gate) = (_ => PodLists.Blog(), gate.Task);
        using var client = new KubeletClient(_kubelet.Options(options => options.PollInterval = TimeSpan.FromMinutes(1)), TimeProvider.System);

        var asking = Enumerable.Range(0, 50).Select(_ => client.PodsAsync(fresh: false, CancellationToken.None)).ToList();
        gate.SetResult();
        await Task.WhenAll(asking);
        await client.PodsAsync(fresh: false, CancellationToken.None);

        Assert.Equal(1, _kubelet.Asked);
        await client.PodsAsync(fresh: true, CancellationToken.None);
        Assert.Equal(2, _kubelet.Asked);
    }

    private async Task<IReadOnlyCollection<string>> AttestAsync(Action<KubernetesAttestorOptions>? change = null)
    {
        var options = _kubelet.Options(change);
        using var client = new KubeletClient(options, TimeProvider.System);
        return await new KubernetesAttestor(options, client, TimeProvider.System, _proc.FullPath).AttestAsync(_pair.Peer, CancellationToken.None);
    }

    private async Task<string> RefusedAsync(Action<KubernetesAttestorOptions>? change = null) => (await Assert.ThrowsAsync<AttestorException>(() => AttestAsync(change))).Reason;
}
