using System.Globalization;

namespace MeshGrains.Infra.Tests.Kubernetes;

/// <summary>What the rendered manifests promise.</summary>
public sealed class ManifestTests
{
    private const int LongestStopSeconds = 5 + 30;

    /// <summary>clustering.redisPatience and what a join may take, before a silo listens for probes.</summary>
    private const int LongestStartSeconds = 60 + 120;

    public static TheoryData<string> Folders => ["base", "overlays/laptop", "overlays/azure"];

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Silos_in_their_roles_and_the_gateway_are_there(string folder)
    {
        var rendering = Rendering.Of(folder);
        Assert.Equal(
            ["Deployment/meshgrains-gateway", "StatefulSet/meshgrains-authority", "StatefulSet/meshgrains-issuer"],
            rendering.Meshgrains.Select(Rendering.NameOf).Order(StringComparer.Ordinal));
        Assert.Equal("restricted", rendering.Get("Namespace", "meshgrains").Path("metadata.labels")["pod-security.kubernetes.io/enforce"].Text);
        Assert.All(rendering.Objects.Where(item => item["kind"].Text != "Namespace"), item => Assert.Equal("meshgrains", item.Path("metadata.namespace").Text));
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Every_pod_fits_the_restricted_standard_and_more(string folder)
    {
        Assert.All(Rendering.Of(folder).Workloads, workload =>
        {
            var pod = Rendering.PodOf(workload)["spec"];
            Assert.Equal("true", pod.Path("securityContext.runAsNonRoot").Text);
            Assert.True(int.Parse(pod.Path("securityContext.runAsUser").Text!, CultureInfo.InvariantCulture) > 0);
            Assert.Equal("RuntimeDefault", pod.Path("securityContext.seccompProfile.type").Text);
            Assert.Equal("false", pod["automountServiceAccountToken"].Text);
            Assert.Equal("false", pod["enableServiceLinks"].Text);
            Assert.All(new[] { "hostNetwork", "hostPID", "hostIPC" }, key => Assert.False(pod[key].Exists, key));
            Assert.All(pod["volumes"].Items, volume => Assert.False(volume["hostPath"].Exists, "a volume of the node's"));
            Assert.All(Rendering.ContainersOf(workload), container =>
            {
                var security = container["securityContext"];
                Assert.Equal("false", security["allowPrivilegeEscalation"].Text);
                Assert.Equal("true", security["readOnlyRootFilesystem"].Text);
                Assert.Equal(["ALL"], security.Path("capabilities.drop").Texts);
                Assert.False(security.Path("capabilities.add").Exists);
                Assert.NotNull(container.Path("resources.requests.cpu").Text);
                Assert.NotNull(container.Path("resources.requests.memory").Text);
                Assert.NotNull(container.Path("resources.limits.memory").Text);
                Assert.DoesNotMatch(@":latest$|^[^:]+$", container["image"].Text);
            });
        });
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Probes_ask_the_operations_port_and_liveness_never_asks_for_readiness(string folder)
    {
        Assert.All(Rendering.Of(folder).Meshgrains, workload =>
        {
            var container = Assert.Single(Rendering.PodOf(workload).Path("spec.containers").Items);
            Assert.Equal("9464", container["ports"].Named("ops")["containerPort"].Text);
            foreach (var (probe, path) in new[] { ("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz") })
            {
                Assert.Equal(path, container[probe].Path("httpGet.path").Text);
                Assert.Equal("ops", container[probe].Path("httpGet.port").Text);
            }
        });
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void A_stop_has_the_time_it_may_take(string folder) =>
        Assert.All(Rendering.Of(folder).Meshgrains, workload => Assert.True(
            int.Parse(Rendering.PodOf(workload).Path("spec.terminationGracePeriodSeconds").Text!, CultureInfo.InvariantCulture) >= LongestStopSeconds + 10,
            Rendering.NameOf(workload)));

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void A_silos_start_has_the_time_it_may_take(string folder) =>
        Assert.All(Rendering.Of(folder).Meshgrains.Where(workload => workload["kind"].Text == "StatefulSet"), workload =>
        {
            var probe = Rendering.PodOf(workload).Path("spec.containers").Items.Single()["startupProbe"];
            Assert.True(
                int.Parse(probe["periodSeconds"].Text!, CultureInfo.InvariantCulture) * int.Parse(probe["failureThreshold"].Text!, CultureInfo.InvariantCulture)
                    >= LongestStartSeconds + 30, Rendering.NameOf(workload));
        });

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void A_gateway_knows_the_silos_that_sign_and_no_others(string folder)
    {
        var rendering = Rendering.Of(folder);
        var file = Yaml.Documents(ConfigurationTests.FileOf(rendering, rendering.Get("Deployment", "meshgrains-gateway")))[0];
        var address = Assert.Single(file.Path("relay.silos").Texts).Split(':');
        var service = rendering.Get("Service", address[0].Split('.')[0]);
        Assert.Equal($"{service.Path("metadata.name").Text}.{service.Path("metadata.namespace").Text}.svc", address[0]);
        Assert.Equal("None", service.Path("spec.clusterIP").Text);
        Assert.Equal("true", service.Path("spec.publishNotReadyAddresses").Text);
        Assert.Contains(service.Path("spec.ports").Items, port => port["port"].Text == address[1]);
        var chosen = rendering.Meshgrains.Where(workload =>
            service.Path("spec.selector").Members.All(wanted => Rendering.PodOf(workload).Path("metadata.labels")[wanted.Key].Text == wanted.Value.Text));
        Assert.Equal(["StatefulSet/meshgrains-issuer"], chosen.Select(Rendering.NameOf));
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void What_the_configuration_dials_is_let_out(string folder)
    {
        var rendering = Rendering.Of(folder);
        foreach (var name in new[] { "meshgrains-authority", "meshgrains-issuer" })
        {
            var silo = rendering.Get("StatefulSet", name);
            var file = Yaml.Documents(ConfigurationTests.FileOf(rendering, silo))[0];
            var open = Exits(rendering, silo);
            var redis = file.Path("clustering.redis").Text!.Split(':');
            Assert.Contains(TargetOf(rendering, redis[0], redis[1]), open);
            Assert.Contains(TargetOf(rendering, new Uri(file.Path("storage.blobEndpoint").Text!).Host, "443"), open);
            Assert.Contains("11111 to silos", open);
            Assert.Contains("8444 to issuers", open);
        }

        Assert.Equal(["53 to dns", "53 to dns", "8444 to issuers"], Exits(rendering, rendering.Get("Deployment", "meshgrains-gateway")).Order(StringComparer.Ordinal));
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Every_workload_of_ours_is_spread_and_disrupted_one_pod_at_a_time(string folder)
    {
        var rendering = Rendering.Of(folder);
        Assert.All(rendering.Meshgrains, workload =>
        {
            var labels = Rendering.PodOf(workload).Path("metadata.labels");
            var budget = Assert.Single(rendering.OfKind("PodDisruptionBudget"), budget => Rendering.Selects(budget.Path("spec.selector"), labels));
            Assert.Equal("1", budget.Path("spec.maxUnavailable").Text);

            var spread = Rendering.PodOf(workload).Path("spec.topologySpreadConstraints").Items.ToList();
            Assert.Equal(["topology.kubernetes.io/zone", "kubernetes.io/hostname"], spread.Select(constraint => constraint["topologyKey"].Text));
            Assert.All(spread, constraint => Assert.True(Rendering.Selects(constraint["labelSelector"], labels)));
            Assert.True(Rendering.Selects(workload.Path("spec.selector"), labels));
        });
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void A_silo_goes_by_the_name_and_the_address_of_its_pod(string folder)
    {
        foreach (var (name, role) in new[] { ("meshgrains-authority", "authority"), ("meshgrains-issuer", "issuer") })
        {
            var silo = Rendering.Of(folder).Get("StatefulSet", name);
            var environment = Rendering.PodOf(silo).Path("spec.containers").Items.Single()["env"];
            Assert.Equal("metadata.name", environment.Named("POD_NAME").Path("valueFrom.fieldRef.fieldPath").Text);
            Assert.Equal("status.podIP", environment.Named("POD_IP").Path("valueFrom.fieldRef.fieldPath").Text);
            Assert.Equal("$(POD_NAME)", environment.Named("MESHGRAINS__SILO")["value"].Text);
            Assert.Equal(role, environment.Named("MESHGRAINS__ROLES__0")["value"].Text);
            Assert.False(environment.Named("MESHGRAINS__ROLES__1").Exists);
            Assert.Equal("$(POD_IP):11111", environment.Named("MESHGRAINS__CLUSTERING__ADVERTISE")["value"].Text);
            Assert.Equal("$(POD_IP):8444", environment.Named("MESHGRAINS__RELAY__ADVERTISE")["value"].Text);
        }
    }

    [SkippableTheory]
    [InlineData("base")]
    [InlineData("overlays/azure")]
    public void Bootstrap_certificates_name_the_pod_in_its_role_under_the_trust_domain_of_the_configuration(string folder)
    {
        var rendering = Rendering.Of(folder);
        var domain = Yaml.Documents(ConfigurationTests.FileOf(rendering, rendering.Get("StatefulSet", "meshgrains-issuer")))[0]["trustDomain"].Text;
        foreach (var (workload, role) in rendering.Meshgrains.Select(workload => (workload, RoleOf(workload))))
        {
            var attributes = Rendering.PodOf(workload).Path("spec.volumes").Named("bootstrap").Path("csi.volumeAttributes");
            Assert.Equal($"spiffe://bootstrap.{domain}/{role}/${{POD_NAME}}", attributes["csi.cert-manager.io/uri-sans"].Text);
            Assert.Equal(
                role == "gateway" ? "meshgrains.meshgrains.svc,meshgrains.meshgrains.svc.cluster.local,meshgrains.meshgrains" : null, attributes["csi.cert-manager.io/dns-names"].Text);
            Assert.Equal("ECDSA", attributes["csi.cert-manager.io/key-algorithm"].Text);
            Assert.Equal("silo.pem", attributes["csi.cert-manager.io/certificate-file"].Text);
            Assert.Equal("silo.key", attributes["csi.cert-manager.io/privatekey-file"].Text);
            Assert.Equal("ca.pem", attributes["csi.cert-manager.io/ca-file"].Text);
            Assert.Equal(
                Rendering.PodOf(workload).Path("spec.securityContext.runAsGroup").Text, attributes["csi.cert-manager.io/fs-group"].Text);
        }

        Assert.Equal([$"spiffe://bootstrap.{domain}"], rendering.Get("Certificate", "meshgrains-bootstrap-ca").Path("spec.uris").Texts);
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Nothing_is_reachable_but_what_a_policy_allows(string folder)
    {
        var rendering = Rendering.Of(folder);
        var deny = rendering.Get("NetworkPolicy", "default-deny")["spec"];
        Assert.Empty(deny["podSelector"].Members);
        Assert.Equal(["Ingress", "Egress"], deny["policyTypes"].Texts);
        Assert.False(deny["ingress"].Exists || deny["egress"].Exists);

        Assert.Equal(["11111 from silos", "8444 from gateways", "8444 from silos", "9464 from prometheus"], Openings(rendering, "meshgrains-issuer"));
        Assert.Equal(["11111 from silos", "9464 from prometheus"], Openings(rendering, "meshgrains-authority"));
        Assert.Equal(["8443 from everyone", "9464 from prometheus"], Openings(rendering, "meshgrains-gateway"));
        Assert.All(rendering.OfKind("NetworkPolicy").SelectMany(policy => policy.Path("spec.egress").Items), rule =>
        {
            Assert.NotEmpty(rule["to"].Items);
            Assert.NotEmpty(rule["ports"].Items);
            Assert.All(rule["to"].Items.Where(peer => peer["ipBlock"].Exists), peer => Assert.Contains("169.254.0.0/16", peer.Path("ipBlock.except").Texts));
        });
    }

    [SkippableFact]
    public void On_azure_only_silos_get_an_identity_and_each_role_its_own()
    {
        var rendering = Rendering.Of("overlays/azure");
        var clients = new List<string?>();
        foreach (var workload in rendering.Meshgrains)
        {
            var pod = Rendering.PodOf(workload);
            var account = rendering.Get("ServiceAccount", pod.Path("spec.serviceAccountName").Text!);
            var client = account.Path("metadata.annotations")["azure.workload.identity/client-id"].Text;
            Assert.Equal(client is null ? null : "true", pod.Path("metadata.labels")["azure.workload.identity/use"].Text);
            Assert.Equal(client is null, workload.Path("metadata.name").Text == "meshgrains-gateway");
            clients.Add(client);
            Assert.Equal("DoNotSchedule", pod.Path("spec.topologySpreadConstraints").Items.First()["whenUnsatisfiable"].Text);
        }

        Assert.Equal(3, clients.Distinct().Count());
    }

    [SkippableFact]
    public void In_production_it_scales_and_is_watched()
    {
        foreach (var rendering in new[] { Rendering.Of("base"), Rendering.Of("overlays/azure") })
        {
            Assert.All(rendering.OfKind("HorizontalPodAutoscaler"), scaler => Assert.Contains(
                rendering.Workloads, workload => Rendering.NameOf(workload) == $"{scaler.Path("spec.scaleTargetRef.kind").Text}/{scaler.Path("spec.scaleTargetRef.name").Text}"
                    && !workload.Path("spec.replicas").Exists));
            Assert.Equal("3", rendering.Get("HorizontalPodAutoscaler", "meshgrains-issuer").Path("spec.minReplicas").Text);
            var service = rendering.Get("Service", "meshgrains-operations");
            Assert.True(Rendering.Selects(rendering.Get("ServiceMonitor", "meshgrains").Path("spec.selector"), service.Path("metadata.labels")));
            Assert.Single(rendering.OfKind("PrometheusRule"));
        }
    }

    private static string RoleOf(Yaml workload) => workload.Path("metadata.name").Text switch
    {
        "meshgrains-authority" => "authority",
        "meshgrains-issuer" => "silo",
        _ => "gateway",
    };

    private static IEnumerable<string> Openings(Rendering rendering, string name)
    {
        var labels = Rendering.PodOf(rendering.Meshgrains.Single(workload => workload.Path("metadata.name").Text == name)).Path("metadata.labels");
        return rendering.OfKind("NetworkPolicy").Where(policy => Rendering.Selects(policy.Path("spec.podSelector"), labels))
            .SelectMany(policy => policy.Path("spec.ingress").Items)
            .SelectMany(rule => rule["ports"].Items.SelectMany(port => rule["from"].Items.Select(peer => $"{port["port"].Text} from {WhoIs(peer)}")))
            .Order(StringComparer.Ordinal);
    }

    private static List<string> Exits(Rendering rendering, Yaml workload)
    {
        var labels = Rendering.PodOf(workload).Path("metadata.labels");
        return [.. rendering.OfKind("NetworkPolicy").Where(policy => Rendering.Selects(policy.Path("spec.podSelector"), labels))
            .SelectMany(policy => policy.Path("spec.egress").Items)
            .SelectMany(rule => rule["ports"].Items.SelectMany(port => rule["to"].Items.Select(peer => $"{port["port"].Text} to {WhoIs(peer)}")))];
    }

    /// <summary>A service of the namespace is let out to by its pods and their port; anything else lies outside.</summary>
    private static string TargetOf(Rendering rendering, string host, string port)
    {
        var service = rendering.OfKind("Service").FirstOrDefault(service => $"{service.Path("metadata.name").Text}.meshgrains.svc" == host);
        if (!service.Exists)
        {
            return $"{port} to outside";
        }

        var app = service.Path("spec.selector")["app.kubernetes.io/name"].Text;
        var target = service.Path("spec.ports").Items.Single(one => one["port"].Text == port)["targetPort"].Text!;
        var pod = rendering.Workloads.Single(workload => Rendering.PodOf(workload).Path("metadata.labels")["app.kubernetes.io/name"].Text == app);
        var named = Rendering.PodOf(pod).Path("spec.containers").Items.SelectMany(container => container["ports"].Items).FirstOrDefault(one => one["name"].Text == target);
        return $"{(named.Exists ? named["containerPort"].Text : target)} to {app}";
    }

    private static string WhoIs(Yaml peer)
    {
        var pods = peer.Path("podSelector.matchLabels");
        return pods["meshgrains.io/silo"].Text == "true" && !peer["namespaceSelector"].Exists ? "silos"
            : pods["app.kubernetes.io/component"].Text == "gateway" && !peer["namespaceSelector"].Exists ? "gateways"
            : pods["app.kubernetes.io/name"].Text == "prometheus" && peer["namespaceSelector"].Exists ? "prometheus"
            : pods["app.kubernetes.io/component"].Text == "issuer" && !peer["namespaceSelector"].Exists ? "issuers"
            : pods["app.kubernetes.io/name"].Text is "redis" or "azurite" && !peer["namespaceSelector"].Exists ? pods["app.kubernetes.io/name"].Text!
            : peer["ipBlock"].Exists ? "outside"
            : peer.Path("namespaceSelector.matchLabels")["kubernetes.io/metadata.name"].Text == "kube-system" ? "dns"
            : !peer["podSelector"].Exists && peer["namespaceSelector"].Exists ? "everyone"
            : peer.ToString();
    }
}
