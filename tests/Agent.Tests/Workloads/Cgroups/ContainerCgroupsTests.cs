using MeshGrains.Agent.Workloads;
using MeshGrains.Agent.Workloads.Cgroups;

namespace MeshGrains.Agent.Tests.Workloads.Cgroups;

/// <summary>Forms that container runtimes write, as recorded from them or from their documentation; <c>$C</c> and <c>$D</c> stand for two containers' ids.</summary>
public sealed class ContainerCgroupsTests
{
    private const string C = "9bca8d63d5fa610783847915bcff0ecac1273e5b4bed3f6fa1b07350e0135961";
    private const string D = "b2a102854b4969b2ce98dc329c86b4fb2b06e4ad2cc8da9d8a7578c9cd2004a2";
    private const string Uid = "2c48913c-b29f-11e7-9350-020968147796";

    [Theory]
    [InlineData("v1, cgroupfs, docker, burstable", "11:memory:/kubepods/burstable/pod$U/$C\n1:name=systemd:/kubepods/burstable/pod$U/$C")]
    [InlineData("v1, cgroupfs, guaranteed", "4:pids:/kubepods/pod$U/$C")]
    [InlineData("v1, systemd driver, docker", "1:name=systemd:/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod$_U.slice/docker-$C.scope")]
    [InlineData("v1, systemd driver, containerd", "9:cpu,cpuacct:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod$_U.slice/cri-containerd-$C.scope")]
    [InlineData("v1, systemd driver, guaranteed", "9:cpu:/kubepods.slice/kubepods-pod$_U.slice/cri-containerd-$C.scope")]
    [InlineData("containerd under a systemd it was not told of", "1:name=systemd:/system.slice/containerd.service/kubepods-besteffort-pod$_U.slice:cri-containerd:$C")]
    [InlineData("containerd of k3s with cgroupfs", "0::/system.slice/k3s.service/kubepods/besteffort/pod$U/$C")]
    [InlineData("v1, cri-o, systemd driver", "5:devices:/kubepods.slice/kubepods-pod$_U.slice/crio-$C.scope")]
    [InlineData("v1, cri-o, cgroupfs", "5:devices:/kubepods/besteffort/pod$U/crio-$C")]
    [InlineData("v2, containerd", "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod$_U.slice/cri-containerd-$C.scope")]
    [InlineData("v2, cri-o with its inner group", "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod$_U.slice/crio-$C.scope/container")]
    [InlineData("v2, cgroupfs", "0::/kubepods/besteffort/pod$U/$C")]
    [InlineData("hybrid", "1:name=systemd:/kubepods/pod$U/$C\n0::/kubepods/pod$U/$C\n3:cpuset:/")]
    [InlineData("kind, v2", "0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod$_U.slice/cri-containerd-$C.scope")]
    [InlineData("kind, v1, seen from outside", "10:pids:/docker/$D/kubelet/kubepods/besteffort/pod$U/$C")]
    [InlineData("kind, v2, seen from outside", "0::/system.slice/docker-$D.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod$_U.slice/cri-containerd-$C.scope")]
    [InlineData("the agent in a cgroup namespace of its own", "0::/../../pod$U/$C")]
    [InlineData("the same with the systemd driver", "0::/../../kubepods-besteffort-pod$_U.slice/cri-containerd-$C.scope")]
    [InlineData("systemd inside the container", "0::/kubepods.slice/kubepods-pod$_U.slice/cri-containerd-$C.scope/system.slice/sshd.service")]
    [InlineData("a container inside the container", "0::/kubepods/pod$U/$C/docker/$D")]
    [InlineData("a pod that the container pretends to hold", "0::/kubepods/pod$U/$C/kubepods/pod0c48913c-b29f-11e7-9350-020968147796/$D")]
    [InlineData("a group that was removed under it", "0::/kubepods/pod$U/$C (deleted)")]
    public void The_pod_and_the_container_are_found(string form, string cgroup) =>
        Assert.Equal((form, new ContainerId(C, Uid)), (form, ContainerCgroups.OfPod(Parse(cgroup))));

    [Fact]
    public void A_static_pods_hash_is_its_uid() =>
        Assert.Equal(new ContainerId(C, "6b5a5b3c0f2ee1a4c1a5b8d2f3c4d5e6"), ContainerCgroups.OfPod(Parse("0::/kubepods/burstable/pod6b5a5b3c0f2ee1a4c1a5b8d2f3c4d5e6/$C")));

    [Theory]
    [InlineData("0::/../cri-containerd-$C.scope")]
    [InlineData("5:devices:/crio-$C")]
    public void A_container_whose_pod_is_cut_off_is_found_alone(string cgroup) => Assert.Equal(new ContainerId(C, null), ContainerCgroups.OfPod(Parse(cgroup)));

    [Theory]
    [InlineData("no container", "0::/user.slice/user-1000.slice/session-2.scope")]
    [InlineData("the root", "0::/")]
    [InlineData("a service", "0::/system.slice/sshd.service")]
    [InlineData("the pod's own group", "0::/kubepods/besteffort/pod$U")]
    [InlineData("cri-o's monitor", "0::/kubepods.slice/kubepods-pod$_U.slice/crio-conmon-$C.scope")]
    [InlineData("a short id", "0::/kubepods/pod$U/9bca8d63")]
    [InlineData("a container of Docker", "0::/docker/$C")]
    [InlineData("a user's own part of the tree", "0::/user.slice/user-1000.slice/user@1000.service/kubepods/pod$U/$C")]
    [InlineData("a user's own, relative", "0::/../../../user.slice/user-1000.slice/user@1000.service/kubepods/pod$U/$C")]
    [InlineData("a user's own runtime", "0::/user.slice/user-1000.slice/user@1000.service/cri-containerd-$C.scope")]
    [InlineData("a service with a delegated part", "0::/system.slice/ci-runner.service/kubepods/besteffort/pod$U/$C")]
    public void What_is_no_pods_container_is_none(string form, string cgroup) => Assert.Equal((form, null), (form, ContainerCgroups.OfPod(Parse(cgroup))));

    [Fact]
    public void Hierarchies_that_disagree_are_refused()
    {
        var failure = Assert.Throws<AttestorException>(() => ContainerCgroups.OfPod(Parse("2:cpu:/kubepods/pod$U/$C\n3:pids:/kubepods/pod$U/$D")));

        Assert.Equal("cgroup_ambiguous", failure.Reason);
    }

    [Theory]
    [InlineData("cgroupfs", "4:memory:/docker/$C\n1:name=systemd:/docker/$C")]
    [InlineData("systemd driver", "0::/system.slice/docker-$C.scope")]
    [InlineData("systemd inside", "0::/system.slice/docker-$C.scope/system.slice/cron.service")]
    [InlineData("a parent of its own", "0::/mine/$C")]
    [InlineData("kind's node, whatever runs in it", "0::/docker/$C/kubelet/kubepods/pod$U/$D")]
    [InlineData("podman", "0::/machine.slice/libpod-$C.scope/container")]
    [InlineData("the agent in a cgroup namespace of its own", "0::/../$C")]
    public void A_container_of_Docker_is_found(string form, string cgroup) => Assert.Equal((form, new ContainerId(C, null)), (form, ContainerCgroups.OfDocker(Parse(cgroup))));

    [Theory]
    [InlineData("0::/system.slice/sshd.service")]
    [InlineData("0::/kubepods.slice/kubepods-pod$_U.slice/cri-containerd-$C.scope")]
    [InlineData("0::/user.slice/user-1000.slice/user@1000.service/docker-$C.scope")]
    [InlineData("0::/system.slice/ci-runner.service/docker/$C")]
    public void What_is_no_container_of_Docker_is_none(string cgroup) => Assert.Null(ContainerCgroups.OfDocker(Parse(cgroup)));

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("0::kubepods")]
    [InlineData("x::/")]
    public void What_is_none_of_the_kernels_is_refused(string text) => Assert.Null(ProcessCgroups.Parse(text));

    private static ProcessCgroups Parse(string form) => ProcessCgroups.Parse(
        form.Replace("$C", C, StringComparison.Ordinal).Replace("$D", D, StringComparison.Ordinal).Replace("$U", Uid, StringComparison.Ordinal)
            .Replace("$_U", Uid.Replace('-', '_'), StringComparison.Ordinal) + "\n")!;
}
