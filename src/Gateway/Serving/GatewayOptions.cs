using MeshGrains.Gateway.Administration;
using MeshGrains.Identity;

namespace MeshGrains.Gateway;

/// <summary>Section <c>gateway</c>: where the APIs listen, what the gateway's own certificate says, who may administer.</summary>
public sealed class GatewayOptions
{
    public const string Section = "gateway";

    /// <summary>Address and port of the TLS endpoint for workloads, agents and remote operators; port 0 takes a free one.</summary>
    public string Listen { get; set; } = "127.0.0.1:8443";

    /// <summary>Address and port of the plain endpoint for <c>/livez</c>, <c>/readyz</c> and <c>/metrics</c>; empty for none.</summary>
    public string OperationsListen { get; set; } = "127.0.0.1:9464";

    /// <summary>Path of the local operator's Unix socket; empty for none.</summary>
    public string AdminSocket { get; set; } = "";

    /// <summary>DNS names in the gateway's certificate; none given means <c>localhost</c> and the host's name.</summary>
    public IList<string> DnsNames { get; } = [];

    /// <summary>IP addresses in the gateway's certificate; none given means 127.0.0.1.</summary>
    public IList<string> IpAddresses { get; } = [];

    /// <summary>Who may administer over mutual TLS. Nobody unless named.</summary>
    public IList<RoleBindingOptions> Roles { get; } = [];

    /// <summary>A connection is closed after this time, so that clients come back and are checked anew.</summary>
    public TimeSpan MaxConnectionAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long calls in flight may still take once their connection is being closed.</summary>
    public TimeSpan ConnectionDrain { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a stop waits, not ready but still serving, for balancers to notice. None given: 5 s in a cluster, nothing for a silo by itself.
    /// </summary>
    public TimeSpan? DrainDelay { get; set; }

    /// <summary>How long a client may take to send its request headers.</summary>
    public TimeSpan RequestHeadersTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a kept HTTP/1.1 connection may idle.</summary>
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>All request headers together, in bytes. A 16 KiB token has to fit.</summary>
    public int MaxRequestHeaderBytes { get; set; } = 32 * 1024;

    internal IReadOnlyList<string> EffectiveDnsNames => DnsNames.Count > 0
        ? [.. DnsNames]
        : DefaultDnsNames(Environment.MachineName);

    /// <summary>A host may call itself what no certificate can carry; it is served as localhost then.</summary>
    internal static IReadOnlyList<string> DefaultDnsNames(string machineName)
        => [.. new[] { "localhost", machineName.ToLowerInvariant() }.Where(DnsName.IsValid).Distinct(StringComparer.Ordinal)];

    internal IReadOnlyList<System.Net.IPAddress> EffectiveIpAddresses => IpAddresses.Count > 0
        ? [.. IpAddresses.Select(System.Net.IPAddress.Parse)]
        : [System.Net.IPAddress.Loopback];
}
