using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Tests.Workloads.Kubernetes;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>A silo, an agent with a kubelet beside it, and this process as a workload whose cgroups the test writes.</summary>
[Collection(nameof(OneSilo))]
public sealed class AttestorTests(OneSilo one)
{
    [Fact]
    public async Task A_pod_gets_the_identity_of_its_service_account_and_no_other_and_a_silent_kubelet_takes_nothing_from_unix_selectors()
    {
        await using var kubelet = await FakeKubelet.StartAsync();
        kubelet.Body = _ => PodLists.Blog();
        using var proc = new ProcFolder(PodLists.Cgroup);
        await using var stage = await AgentStage.OnAsync(one.Stage, "pods");
        stage.Proc = proc.FullPath;
        await stage.EntryAsync("/ns/default/sa/writer", ["k8s:ns:default", "k8s:sa:writer"]);
        await stage.EntryAsync("/ns/default/sa/reader", ["k8s:ns:default", "k8s:sa:reader"]);
        var options = kubelet.Options();
        await stage.StartAgentAsync(
            "workloads.k8s.enabled=true", $"workloads.k8s.kubelet={options.Kubelet}", $"workloads.k8s.caFile={options.CaFile}", $"workloads.k8s.tokenFile={options.TokenFile}",
            "workloads.k8s.serverName=node-1", "workloads.k8s.pollInterval=50ms", "workloads.k8s.patience=300ms", "workloads.executables=false");

        Assert.Equal(["spiffe://test.mesh/ns/default/sa/writer"], await WorkloadClient.FetchAsync(stage.Socket));

        // The process left the pod: it is nobody here.
        proc.Cgroup = "0::/system.slice/sshd.service\n";
        Assert.Equal(RpcStatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => WorkloadClient.FetchOnceAsync(stage.Socket))).StatusCode);

        // The kubelet fails: a pod's process may come again, and an entry by unix selectors alone is served.
        proc.Cgroup = PodLists.Cgroup;
        kubelet.StatusCode = 500;
        await Eventually.HoldsAsync(async () => await WorkloadClient.RefusalAsync(stage.Socket) == RpcStatusCode.Unavailable, "the kubelet's silence is told as such");
        await stage.EntryAsync("/by-uid", [$"unix:uid:{ProcessStatus.Parse(await File.ReadAllTextAsync("/proc/self/status"))!.UserId}"]);
        Assert.Equal(["spiffe://test.mesh/by-uid"], await WorkloadClient.FetchAsync(stage.Socket));
    }
}
