namespace MeshGrains.Gateway;

/// <summary>The API server that reviews tokens (authentication.k8s.io/v1 TokenReview).</summary>
public sealed class TokenReviewOptions
{
    /// <summary>Its base URL, such as <c>https://kubernetes.default.svc</c>.</summary>
    public string ApiServer { get; set; } = "";

    /// <summary>PEM certificates that the API server's certificate must chain to; the system's roots when empty.</summary>
    public string? CaFile { get; set; }

    /// <summary>The gateway's own service-account token; read again when it changes.</summary>
    public string? TokenFile { get; set; }

    /// <summary>How long one review may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Reviews under way at once; more are answered UNAVAILABLE.</summary>
    public int MaxConcurrent { get; set; } = 64;
}
