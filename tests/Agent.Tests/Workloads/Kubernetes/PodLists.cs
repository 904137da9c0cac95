namespace MeshGrains.Agent.Tests.Workloads.Kubernetes;

/// <summary>Answers in the kubelet's form.</summary>
internal static class PodLists
{
    public const string Uid = "2c48913c-b29f-11e7-9350-020968147796";
    public const string Container = "9bca8d63d5fa610783847915bcff0ecac1273e5b4bed3f6fa1b07350e0135961";
    public const string Init = "b2a102854b4969b2ce98dc329c86b4fb2b06e4ad2cc8da9d8a7578c9cd2004a2";
    public const string Cgroup = $"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod2c48913c_b29f_11e7_9350_020968147796.slice/cri-containerd-{Container}.scope\n";

    public const string Empty = """{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}""";

    public static string Blog(string uid = Uid, string containerId = $"containerd://{Container}", string annotations = "{}") => $$$"""
        {"kind":"PodList","apiVersion":"v1","metadata":{},"items":[
          {"metadata":{"name":"other","namespace":"kube-system","uid":"0c48913c-b29f-11e7-9350-020968147796"},"spec":{"serviceAccountName":"other"},"status":{"phase":"Pending"}},
          {"metadata":{"name":"blog-24ck7","namespace":"default","uid":"{{{uid}}}","labels":{"k8s-app":"blog","app.kubernetes.io/version":"v0"},"annotations":{{{annotations}}},
             "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"blog","uid":"2c401175-b29f-11e7-9350-020968147796","controller":true}]},
           "spec":{"nodeName":"k8s-node-1","serviceAccountName":"writer","containers":[{"name":"blog"}]},
           "status":{"phase":"Running",
             "initContainerStatuses":[{"name":"init","containerID":"containerd://{{{Init}}}","image":"docker.io/library/init:1","imageID":"docker.io/library/init@sha256:11"}],
             "containerStatuses":[
               {"name":"blog","state":{"running":{}},"containerID":"{{{containerId}}}","image":"docker.io/library/blog:2","imageID":"docker.io/library/blog@sha256:22"},
               {"name":"proxy","image":"docker.io/library/proxy:3","imageID":""}]}}]}
        """;
}
