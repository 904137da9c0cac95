namespace MeshGrains.Infra.Tests.Kubernetes;

/// <summary>The folder that lets authorities publish the trust bundle through the API server.</summary>
public sealed class PublishingTests
{
    private const string Folder = "publishing";

    [SkippableFact]
    public void Authorities_may_write_the_objects_that_they_are_told_of_and_no_others()
    {
        var rendering = Rendering.Of(Folder);
        var told = ConfigurationTests.EnvironmentOf(rendering.Get("StatefulSet", "meshgrains-authority"));
        var map = rendering.Get("ClusterRole", "meshgrains-publish-configmap")["rules"].Items.ToList();
        Assert.Equal(["configmaps get patch mesh-trust", "configmaps create "], map.Select(Rule));
        Assert.Equal("mesh-trust", told["MESHGRAINS__PUBLISH__CONFIGMAPS__0__CONFIGMAP"]);
        var binding = rendering.Get("RoleBinding", "meshgrains-publish");
        Assert.Equal(told["MESHGRAINS__PUBLISH__CONFIGMAPS__0__NAMESPACES__0"], binding.Path("metadata.namespace").Text);

        var bundle = rendering.Get("ClusterRole", "meshgrains-publish-clustertrustbundle")["rules"].Items.ToList();
        var (name, signer) = (told["MESHGRAINS__PUBLISH__CLUSTERTRUSTBUNDLES__0__BUNDLE"], told["MESHGRAINS__PUBLISH__CLUSTERTRUSTBUNDLES__0__SIGNERNAME"]);
        Assert.Equal([$"clustertrustbundles get patch {name}", "clustertrustbundles create ", $"signers attest {signer}"], bundle.Select(Rule));

        var bindings = rendering.OfKind("RoleBinding").Concat(rendering.OfKind("ClusterRoleBinding")).ToList();
        Assert.Equal(2, bindings.Count);
        Assert.All(bindings, one =>
        {
            var subject = Assert.Single(one["subjects"].Items);
            Assert.Equal(("ServiceAccount", "meshgrains-authority", "meshgrains"), (subject["kind"].Text, subject["name"].Text, subject["namespace"].Text));
            Assert.Contains(rendering.OfKind("ClusterRole"), role => role.Path("metadata.name").Text == one.Path("roleRef.name").Text);
        });
    }

    [SkippableFact]
    public void Only_authorities_have_a_token_and_it_lies_where_the_product_looks_for_it()
    {
        var rendering = Rendering.Of(Folder);
        foreach (var workload in rendering.Meshgrains)
        {
            var pod = Rendering.PodOf(workload)["spec"];
            Assert.Equal("false", pod["automountServiceAccountToken"].Text);
            var tokens = pod["volumes"].Items.Where(volume => volume.Path("projected.sources").Items.Any(source => source["serviceAccountToken"].Exists)).ToList();
            Assert.Equal(workload.Path("metadata.name").Text == "meshgrains-authority" ? 1 : 0, tokens.Count);
        }

        var container = Rendering.PodOf(rendering.Get("StatefulSet", "meshgrains-authority")).Path("spec.containers").Items.Single();
        var defaults = Yaml.Documents(Tree.Read("infra/meshgrains.yaml"))[0].Path("publish.kubernetes");
        var mount = container["volumeMounts"].Named("api-server")["mountPath"].Text;
        Assert.Equal((defaults["tokenFile"].Text, defaults["caFile"].Text), ($"{mount}/token", $"{mount}/ca.crt"));
    }

    [SkippableFact]
    public void The_API_server_may_be_dialled_by_authorities()
    {
        var policy = Rendering.Of(Folder).Get("NetworkPolicy", "authority-to-api-server")["spec"];
        Assert.Equal("authority", policy.Path("podSelector.matchLabels")["app.kubernetes.io/component"].Text);
        Assert.Equal(["443", "6443"], policy["egress"].Items.Single()["ports"].Items.Select(port => port["port"].Text));
        Assert.False(policy["ingress"].Exists);
    }

    private static string Rule(Yaml rule) => $"{string.Join(' ', rule["resources"].Texts)} {string.Join(' ', rule["verbs"].Texts)} {string.Join(' ', rule["resourceNames"].Texts)}";
}
