namespace MeshGrains.Agent;

/// <summary>Section <c>workloads.k8s</c>: what the kubelet says of a process's pod. The agent has to see the node's processes (<c>hostPID</c>).</summary>
internal sealed class KubernetesAttestorOptions
{
    public bool Enabled { get; set; }

    /// <summary>The kubelet of this node: <c>https://HOST:10250</c>, or its read-only port, <c>http://127.0.0.1:10255</c>.</summary>
    public string Kubelet { get; set; } = "https://127.0.0.1:10250";

    /// <summary>Roots (PEM) for the kubelet's certificate; read at each connection.</summary>
    public string CaFile { get; set; } = "/run/secrets/kubernetes.io/serviceaccount/ca.crt";

    /// <summary>The name that its certificate has to bear; empty: only its chain is checked.</summary>
    public string ServerName { get; set; } = "";

    /// <summary>Believe any certificate, for kubelets that sign their own. Whoever can answer in the kubelet's place then says which pod a process is.</summary>
    public bool SkipVerification { get; set; }

    /// <summary>The bearer token; read at each question, and sent over HTTPS only.</summary>
    public string TokenFile { get; set; } = "/run/secrets/kubernetes.io/serviceaccount/token";

    /// <summary>One question.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A container that the kubelet does not tell of yet is asked for again this often, and for so long.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Largest list of pods, in bytes.</summary>
    public int MaxBodyBytes { get; set; } = 32 * 1024 * 1024;
}
