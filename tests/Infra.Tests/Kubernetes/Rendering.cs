using System.Collections.Concurrent;
using MeshGrains.Testing;

namespace MeshGrains.Infra.Tests.Kubernetes;

/// <summary>What <c>kubectl kustomize</c> makes of a folder below infra/kubernetes.</summary>
internal sealed class Rendering
{
    private static readonly ConcurrentDictionary<string, Rendering> Known = new(StringComparer.Ordinal);

    private Rendering(IReadOnlyList<Yaml> objects) => Objects = objects;

    public IReadOnlyList<Yaml> Objects { get; }

    /// <summary>StatefulSets and Deployments.</summary>
    public IEnumerable<Yaml> Workloads => Objects.Where(item => item["kind"].Text is "StatefulSet" or "Deployment" or "DaemonSet" or "Job");

    /// <summary>Those that run <c>meshgrains</c>.</summary>
    public IEnumerable<Yaml> Meshgrains => Workloads.Where(item => item.Path("metadata.name").Text!.StartsWith("meshgrains-", StringComparison.Ordinal));

    public static Rendering Of(string folder)
    {
        var kubectl = Tool.Require("kubectl", "kubernetes-client");
        return Known.GetOrAdd(folder, _ =>
            new Rendering(Yaml.Documents(Tool.Run(kubectl, ["kustomize", Tree.At($"infra/kubernetes/{folder}")]).EnsureSuccess().Output)));
    }

    public IEnumerable<Yaml> OfKind(string kind) => Objects.Where(item => item["kind"].Text == kind);

    public Yaml Get(string kind, string name) => OfKind(kind).Single(item => item.Path("metadata.name").Text == name);

    public static string NameOf(Yaml item) => $"{item["kind"].Text}/{item.Path("metadata.name").Text}";

    public static Yaml PodOf(Yaml workload) => workload.Path("spec.template");

    public static IEnumerable<Yaml> ContainersOf(Yaml workload) =>
        PodOf(workload).Path("spec.containers").Items.Concat(PodOf(workload).Path("spec.initContainers").Items);

    /// <summary>Whether a label selector (matchLabels alone) takes these labels. An empty one takes all.</summary>
    public static bool Selects(Yaml selector, Yaml labels) => selector["matchLabels"].Members.All(wanted => labels[wanted.Key].Text == wanted.Value.Text);
}
