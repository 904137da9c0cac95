using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Clusters;

internal static partial class ClusterLog
{
    [LoggerMessage(3660, LogLevel.Warning, "The certificate of a cluster at {Remote} was refused: {Reason} ({Suppressed} more such lines were left out before)")]
    public static partial void PeerRefused(ILogger logger, string remote, string reason, long suppressed);

    [LoggerMessage(3661, LogLevel.Warning, "A call of the member cluster {Cluster} ({Method}) was refused: {Reason}. {Detail}")]
    public static partial void CallRefused(ILogger logger, string cluster, string method, string reason, string detail);

    [LoggerMessage(3662, LogLevel.Information, "Issuing CA {AuthorityId} was certified for silo {Silo} of the member cluster {Cluster}, until {NotAfter:u}.")]
    public static partial void Certified(ILogger logger, string authorityId, string silo, string cluster, DateTimeOffset notAfter);
}
