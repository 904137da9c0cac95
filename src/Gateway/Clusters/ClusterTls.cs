using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Gateway.Relay;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Clusters;

/// <summary>
/// TLS 1.3 of links between clusters, on both ends: certificates of role <c>cluster</c>, judged by our own validator against the anchors of those links alone.
/// A home lets in the clusters that it lists; a member speaks to its home and to no other.
/// </summary>
internal sealed class ClusterTls(
    IClusterCredentials credentials, MeshScope scope, IOptions<AuthorityOptions> authority, IOptions<HomeOptions> home, IOptions<SvidOptions> svids, TimeProvider time,
    ILogger<ClusterTls> logger)
{
    private const int RefusalLinesPerSecond = 20;

    private const string ServerName = "home.clusters.meshgrains.internal";

    private readonly LineBudget _lines = new(time, RefusalLinesPerSecond);
    private readonly X509SvidValidationOptions _tolerance = new() { ClockSkew = svids.Value.ClockSkew };

    /// <summary>Kestrel's callback at each handshake.</summary>
    public ValueTask<SslServerAuthenticationOptions> OnConnection(TlsHandshakeCallbackContext context)
    {
        var connection = context.Connection;
        var own = credentials.Current;
        return ValueTask.FromResult(LinkTls.Server(own, (_, leaf, chain, _) => Accept(connection, own, leaf, chain)));
    }

    /// <summary>For a member's link to its home.</summary>
    public SslClientAuthenticationOptions ClientOptions(RelayIdentity own) => LinkTls.Client(own, ServerName, (_, leaf, chain, _) => IsHome(leaf, chain));

    private bool Accept(BaseConnectionContext connection, RelayIdentity own, X509Certificate? leaf, X509Chain? chain)
    {
        var (cluster, until, error) = Judge(leaf, chain);
        error ??= authority.Value.Find(cluster) is null ? $"the home lists no cluster '{cluster}' (authority.clusters)" : null;
        if (error is not null || connection.Features.Get<ConnectionOrigin>() is not { } origin)
        {
            Refused(connection.RemoteEndPoint?.ToString() ?? "unknown", error ?? "the listener is none of ours");
            return false;
        }

        // Whichever certificate ends first takes the connection with it.
        (origin.Cluster, origin.ClientEnd) = (cluster, until < own.NotAfter ? until : own.NotAfter);
        return true;
    }

    private bool IsHome(X509Certificate? leaf, X509Chain? chain)
    {
        var (cluster, _, error) = Judge(leaf, chain);
        error ??= cluster == home.Value.Cluster ? null : $"it is the cluster '{cluster}', and the home is '{home.Value.Cluster}' (home.cluster)";
        if (error is not null)
        {
            Refused(home.Value.Address, error);
        }

        return error is null;
    }

    private (string Cluster, DateTimeOffset Until, string? Error) Judge(X509Certificate? leaf, X509Chain? chain)
    {
        if (leaf is null)
        {
            return ("", default, "it showed no certificate");
        }

        var ders = PresentedChain.Of(leaf, chain);
        var validation = X509SvidValidator.Validate(
            ders[0], [.. ders.Skip(1).Select(der => (ReadOnlyMemory<byte>)der)], credentials.Current.Anchors, time.GetUtcNow(), _tolerance);
        return !validation.IsValid ? ("", default, $"{validation.Refusal}: {validation.Error}")
            : !BootstrapNames.TryReadCluster(validation.Id, scope.TrustDomain.Name, out var cluster) ? ("", default, $"'{validation.Id}' is no cluster of {scope.TrustDomain.Name}")
            : (cluster, validation.Path.Min(certificate => certificate.NotAfter), null);
    }

    private void Refused(string remote, string reason)
    {
        if (_lines.MayTell(out var suppressed))
        {
            ClusterLog.PeerRefused(logger, remote, reason, suppressed);
        }
    }
}
