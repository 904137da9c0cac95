using MeshGrains.Silo;

namespace MeshGrains.Infra.Tests.Kubernetes;

/// <summary>The product itself reads every configuration in the manifests, with the variables that the pods get.</summary>
public sealed class ConfigurationTests
{
    private static readonly Dictionary<string, string> Pod = new() { ["POD_NAME"] = "meshgrains-issuer-0", ["POD_IP"] = "10.1.2.3" };

    public static TheoryData<string, string> Workloads
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var folder in new[] { "base", "overlays/laptop", "overlays/azure", "publishing" })
            {
                foreach (var name in new[] { "meshgrains-authority", "meshgrains-issuer", "meshgrains-gateway" })
                {
                    data.Add(folder, name);
                }
            }

            return data;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Workloads))]
    public void The_product_accepts_it(string folder, string name)
    {
        var rendering = Rendering.Of(folder);
        var workload = rendering.Meshgrains.Single(item => item.Path("metadata.name").Text == name);
        ProductConfiguration.AssertAccepted(FileOf(rendering, workload), EnvironmentOf(workload), name.EndsWith("gateway", StringComparison.Ordinal));
    }

    [SkippableTheory]
    [MemberData(nameof(Workloads))]
    public void What_it_listens_on_are_the_ports_of_the_container(string folder, string name)
    {
        var rendering = Rendering.Of(folder);
        var workload = rendering.Meshgrains.Single(item => item.Path("metadata.name").Text == name);
        var ports = Rendering.PodOf(workload).Path("spec.containers").Items.Single()["ports"].Items.Select(port => port["containerPort"].Text).ToList();
        var file = Yaml.Documents(FileOf(rendering, workload))[0];
        foreach (var key in new[] { "clustering.listen", "relay.listen", "gateway.listen", "gateway.operationsListen" })
        {
            if (file.Path(key).Text is { } address && address.StartsWith("0.0.0.0:", StringComparison.Ordinal))
            {
                Assert.Contains(address.Split(':')[1], ports);
            }
        }

        Assert.Equal(name.EndsWith("gateway", StringComparison.Ordinal), file.Path("gateway.listen").Text!.StartsWith("0.0.0.0:", StringComparison.Ordinal));
    }

    /// <summary>The file that the container's <c>--config</c> names, out of its ConfigMap.</summary>
    internal static string FileOf(Rendering rendering, Yaml workload)
    {
        var pod = Rendering.PodOf(workload)["spec"];
        var container = pod["containers"].Items.Single();
        var path = container["args"].Texts.SkipWhile(argument => argument != "--config").ElementAt(1);
        var mount = container["volumeMounts"].Items.Single(mount => Path.GetDirectoryName(path) == mount["mountPath"].Text);
        var map = rendering.Get("ConfigMap", pod["volumes"].Named(mount["name"].Text!).Path("configMap.name").Text!);
        return map["data"][Path.GetFileName(path)].Text!;
    }

    internal static Dictionary<string, string?> EnvironmentOf(Yaml workload) =>
        Rendering.PodOf(workload).Path("spec.containers").Items.Single()["env"].Items
            .Where(variable => variable["value"].Exists)
            .ToDictionary(variable => variable["name"].Text!, variable => (string?)Pod.Aggregate(
                variable["value"].Text!, (text, known) => text.Replace($"$({known.Key})", known.Value, StringComparison.Ordinal)));
}
