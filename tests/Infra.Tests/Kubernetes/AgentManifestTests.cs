using System.Globalization;
using MeshGrains.Testing;

namespace MeshGrains.Infra.Tests.Kubernetes;

/// <summary>What the rendered DaemonSet of the node agent promises: all that it needs of its node, and nothing else.</summary>
public sealed class AgentManifestTests
{
    private const string Folder = "agent";

    [SkippableFact]
    public void It_has_a_namespace_of_its_own_and_the_silos_one_stays_restricted()
    {
        var rendering = Rendering.Of(Folder);
        Assert.Equal("DaemonSet/meshgrains-agent", Assert.Single(rendering.Workloads.Select(Rendering.NameOf)));
        Assert.Equal("privileged", rendering.Get("Namespace", "meshgrains-agent").Path("metadata.labels")["pod-security.kubernetes.io/enforce"].Text);
        Assert.All(
            rendering.Objects.Where(item => item["kind"].Text is not ("Namespace" or "ClusterRole" or "ClusterRoleBinding")),
            item => Assert.Equal("meshgrains-agent", item.Path("metadata.namespace").Text));
    }

    [SkippableFact]
    public void It_sees_the_nodes_processes_and_two_folders_of_the_node_and_has_two_of_roots_rights()
    {
        var pod = Pod["spec"];
        var container = Assert.Single(pod["containers"].Items);
        var security = container["securityContext"];
        Assert.Equal("true", pod["hostPID"].Text);
        Assert.All(new[] { "hostNetwork", "hostIPC" }, key => Assert.False(pod[key].Exists, key));
        Assert.Equal(
            ["/run/meshgrains/agent", "/var/lib/meshgrains/agent"],
            pod["volumes"].Items.Where(volume => volume["hostPath"].Exists).Select(volume => volume.Path("hostPath.path").Text));
        Assert.Equal("RuntimeDefault", pod.Path("securityContext.seccompProfile.type").Text);
        Assert.Equal("false", security["allowPrivilegeEscalation"].Text);
        Assert.Equal("false", security["privileged"].Text);
        Assert.Equal("true", security["readOnlyRootFilesystem"].Text);
        Assert.Equal(["ALL"], security.Path("capabilities.drop").Texts);
        Assert.Equal(["SYS_PTRACE", "DAC_READ_SEARCH"], security.Path("capabilities.add").Texts);
        Assert.All(
            container["volumeMounts"].Items.Where(mount => mount["name"].Text is not ("socket" or "state" or "tmp")), mount => Assert.Equal("true", mount["readOnly"].Text));
        Assert.NotNull(container.Path("resources.requests.memory").Text);
        Assert.NotNull(container.Path("resources.limits.memory").Text);
        Assert.DoesNotMatch(@":latest$|^[^:]+$", container["image"].Text);
    }

    [SkippableFact]
    public void It_runs_on_every_node_and_stays_while_others_are_evicted()
    {
        Assert.Equal("Exists", Assert.Single(Pod.Path("spec.tolerations").Items)["operator"].Text);
        Assert.Equal("system-node-critical", Pod.Path("spec.priorityClassName").Text);
        Assert.False(Pod.Path("spec.nodeSelector").Exists);
    }

    [SkippableFact]
    public void Probes_ask_the_operations_port_and_liveness_never_asks_for_readiness()
    {
        var container = Assert.Single(Pod.Path("spec.containers").Items);
        Assert.Equal(File["operationsListen"].Text!.Split(':')[1], container["ports"].Named("ops")["containerPort"].Text);
        foreach (var (probe, path) in new[] { ("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz") })
        {
            Assert.Equal((path, "ops"), (container[probe].Path("httpGet.path").Text, container[probe].Path("httpGet.port").Text));
        }

        Assert.True(int.Parse(Pod.Path("spec.terminationGracePeriodSeconds").Text!, CultureInfo.InvariantCulture) >= 5 + 10);
    }

    [SkippableFact]
    public void The_agent_accepts_its_configuration_and_finds_the_files_where_the_pod_has_them()
    {
        using var folder = new TempDirectory();
        var container = Assert.Single(Pod.Path("spec.containers").Items);
        var environment = container["env"].Items.Where(variable => variable["value"].Exists)
            .ToDictionary(variable => variable["name"].Text!, variable => (string?)variable["value"].Text!.Replace("$(NODE_IP)", "10.0.0.7", StringComparison.Ordinal));
        var check = Tool.Run(Tree.Program("Agent", "meshgrains-agent"), ["check-config", "--config", folder.Write("agent.yaml", Text)], environment: environment);

        // Files that only the pod has may be missing here.
        Assert.All(check.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1), error => Assert.Contains(": there is no '/run/secrets/", error, StringComparison.Ordinal));

        var mounts = container["volumeMounts"].Items.Select(mount => mount["mountPath"].Text).ToList();
        var defaults = Yaml.Documents(Tree.Read("infra/meshgrains-agent.yaml"))[0];
        Assert.Contains(Path.GetDirectoryName(File.Path("controlPlane.trustBundle").Text), mounts);
        var token = Pod.Path("spec.volumes").Named("node").Path("projected.sources").Items.Single()["serviceAccountToken"];
        Assert.Equal("k8s", File.Path("node.attestor").Text);
        Assert.Equal(defaults.Path("node.k8s.tokenFile").Text, $"{container["volumeMounts"].Named("node")["mountPath"].Text}/{token["path"].Text}");
        Assert.Contains($"audience: {token["audience"].Text}", Tree.Read("docs/operations/agent.md"), StringComparison.Ordinal);
        Assert.Contains(Path.GetDirectoryName(defaults["socket"].Text), mounts);
        Assert.Equal("disk", File.Path("keyStore.mode").Text);
        Assert.Contains(defaults.Path("keyStore.directory").Text, mounts);
        foreach (var (key, name) in new[] { ("caFile", "ca.crt"), ("tokenFile", "token") })
        {
            var file = defaults.Path("workloads.k8s")[key].Text!;
            Assert.Equal(name, Path.GetFileName(file));
            Assert.Contains(Path.GetDirectoryName(file), mounts);
            Assert.Contains(name, Pod.Path("spec.volumes").Named("kubelet").Path("projected.sources").Items
                .SelectMany(source => source.Path("configMap.items").Items.Append(source["serviceAccountToken"])).Select(item => item["path"].Text));
        }
    }

    [SkippableFact]
    public void It_reaches_the_gateway_its_kubelet_and_names_and_only_prometheus_reaches_it()
    {
        var labels = Pod.Path("metadata.labels");
        var policies = Rendering.Of(Folder).OfKind("NetworkPolicy").Where(policy => Rendering.Selects(policy.Path("spec.podSelector"), labels)).ToList();
        Assert.Contains(policies, policy => !policy.Path("spec.podSelector").Members.Any() && policy.Path("spec.policyTypes").Texts is ["Ingress", "Egress"]);
        Assert.Equal(["10250", "53", "53", "8443"], Ports(policies, "egress"));
        Assert.Equal(["9465"], Ports(policies, "ingress"));
        Assert.All(
            policies.SelectMany(policy => policy.Path("spec.egress").Items).SelectMany(rule => rule["to"].Items).Where(peer => peer["ipBlock"].Exists),
            peer => Assert.Contains("169.254.0.0/16", peer.Path("ipBlock.except").Texts));

        // The gateway that the configuration dials is the one that the policy lets out to.
        var address = new Uri(Assert.Single(File.Path("controlPlane.addresses").Texts));
        var service = Rendering.Of("base").Get("Service", address.Host.Split('.')[0]);
        Assert.Equal($"{service.Path("metadata.name").Text}.{service.Path("metadata.namespace").Text}.svc", address.Host);
        Assert.Equal(address.Port.ToString(CultureInfo.InvariantCulture), Assert.Single(service.Path("spec.ports").Items)["port"].Text);
        var gateway = policies.SelectMany(policy => policy.Path("spec.egress").Items).Single(rule => rule["ports"].Items.Any(port => port["port"].Text == "8443"));
        Assert.True(Rendering.Selects(Assert.Single(gateway["to"].Items)["podSelector"], service.Path("spec.selector")));
    }

    [SkippableFact]
    public void It_may_ask_its_kubelet_and_nothing_else()
    {
        var rule = Assert.Single(Rendering.Of(Folder).Get("ClusterRole", "meshgrains-agent")["rules"].Items);

        Assert.Equal(["nodes/pods", "nodes/proxy"], rule["resources"].Texts);
        Assert.Equal(["get"], rule["verbs"].Texts);
        Assert.Empty(Rendering.Of(Folder).OfKind("Role"));
    }

    [SkippableFact]
    public void It_is_watched_under_the_job_that_the_alerts_ask_for()
    {
        var rendering = Rendering.Of(Folder);
        var service = rendering.Get("Service", "meshgrains-agent");
        Assert.True(Rendering.Selects(rendering.Get("ServiceMonitor", "meshgrains-agent").Path("spec.selector"), service.Path("metadata.labels")));
        Assert.True(service.Path("spec.selector").Members.All(wanted => Pod.Path("metadata.labels")[wanted.Key].Text == wanted.Value.Text));
        Assert.Contains($"job=\"{service.Path("metadata.labels")["app.kubernetes.io/name"].Text}\"", Tree.Read("infra/prometheus/meshgrains-alerts.yaml"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void The_example_of_a_workload_mounts_the_folder_of_the_socket_and_is_locked_down()
    {
        var pod = Yaml.Documents(Tree.Read("infra/kubernetes/agent/example-workload.yaml")).Single(item => item["kind"].Text == "Deployment").Path("spec.template.spec");
        var container = Assert.Single(pod["containers"].Items);
        var own = Pod.Path("spec.volumes").Named("socket").Path("hostPath.path").Text;
        var volume = Assert.Single(pod["volumes"].Items);
        Assert.Equal((own, "Directory"), (volume.Path("hostPath.path").Text, volume.Path("hostPath.type").Text));
        var mount = Assert.Single(container["volumeMounts"].Items);
        Assert.Equal("true", mount["readOnly"].Text);
        Assert.Equal($"unix://{mount["mountPath"].Text}/{Path.GetFileName(Yaml.Documents(Tree.Read("infra/meshgrains-agent.yaml"))[0]["socket"].Text)}", container["env"].Named("SPIFFE_ENDPOINT_SOCKET")["value"].Text);
        Assert.Equal("true", pod.Path("securityContext.runAsNonRoot").Text);
        Assert.Equal(["ALL"], container.Path("securityContext.capabilities.drop").Texts);
    }

    private static Yaml Pod => Rendering.PodOf(Rendering.Of(Folder).Get("DaemonSet", "meshgrains-agent"));

    private static string Text => ConfigurationTests.FileOf(Rendering.Of(Folder), Rendering.Of(Folder).Get("DaemonSet", "meshgrains-agent"));

    private static Yaml File => Yaml.Documents(Text)[0];

    private static IEnumerable<string?> Ports(IEnumerable<Yaml> policies, string direction) =>
        policies.SelectMany(policy => policy["spec"][direction].Items).SelectMany(rule => rule["ports"].Items).Select(port => port["port"].Text).Order(StringComparer.Ordinal);
}
