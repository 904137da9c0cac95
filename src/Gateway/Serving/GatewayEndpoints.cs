using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MeshGrains.Gateway;

/// <summary>Where the gateway really listens; complete once the host has started. Configured port 0 has become a real one.</summary>
public sealed class GatewayEndpoints
{
    internal ListenOptions? Mesh { get; set; }

    internal ListenOptions? Operations { get; set; }

    internal ListenOptions? RelayListen { get; set; }

    internal ListenOptions? FederationListen { get; set; }

    /// <summary>Where our bundle is served to foreign trust domains; null where it is not.</summary>
    public IPEndPoint? Federation => FederationListen?.IPEndPoint;

    internal ListenOptions? AcmeHttpListen { get; set; }

    /// <summary>Where http-01 challenges are answered; null where they are not.</summary>
    public IPEndPoint? AcmeHttp => AcmeHttpListen?.IPEndPoint;

    internal ListenOptions? AuthorityListen { get; set; }

    /// <summary>Where member clusters are heard; null when they are not.</summary>
    public IPEndPoint? Authority => AuthorityListen?.IPEndPoint;

    /// <summary>Where relayed calls are taken; null when they are not.</summary>
    public IPEndPoint? Relay => RelayListen?.IPEndPoint;

    /// <summary>The TLS endpoint.</summary>
    public IPEndPoint? Gateway => Mesh?.IPEndPoint;

    /// <summary>The plain endpoint for probes and metrics; null when there is none.</summary>
    public IPEndPoint? OperationsEndPoint => Operations?.IPEndPoint;

    /// <summary>The local operator's socket; null when there is none.</summary>
    public string? AdminSocket { get; internal set; }
}
