namespace MeshGrains.Silo;

/// <summary>Section <c>publish.kubernetes</c>: the API server that ConfigMaps and ClusterTrustBundles are written through.</summary>
internal sealed class KubernetesApiOptions
{
    public string ApiServer { get; set; } = "https://kubernetes.default.svc";

    /// <summary>PEM roots of the API server; read again when they change. Empty: the system's.</summary>
    public string CaFile { get; set; } = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

    /// <summary>The silo's service-account token; read again when it changes.</summary>
    public string TokenFile { get; set; } = "/var/run/secrets/kubernetes.io/serviceaccount/token";

    /// <summary>How long one request may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);
}
