using System.Net;

namespace MeshGrains.Gateway;

/// <summary>What one call brought to prove who it is. Nothing in it is trusted yet except the handshake's own result.</summary>
public sealed record CallCredentials
{
    /// <summary>From <c>authorization: Bearer …</c>: a Kubernetes service-account token, or a join token (prefix <c>mgj_</c>). A secret.</summary>
    public string? BearerToken { get; init; }

    /// <summary>The validated client SVID of the TLS connection; null without one.</summary>
    public ParsedClientChain? ClientChain { get; init; }

    public required IPAddress RemoteAddress { get; init; }

    /// <summary>The id of the call, ours or its relay's: the same for every attempt at it.</summary>
    public string CallId { get; init; } = "";

    /// <summary>Istio's <c>clusterid</c> metadata; it narrows which token issuers are asked and never grants anything.</summary>
    public string? ClusterId { get; init; }

    /// <summary>Tells what was brought, without the token itself.</summary>
    public override string ToString()
        => $"{RemoteAddress} token={(BearerToken is null ? "no" : "yes")} svid={ClientChain?.SpiffeId ?? "no"} clusterid={ClusterId ?? "no"}";
}
