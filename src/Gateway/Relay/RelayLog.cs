using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Relay;

internal static partial class RelayLog
{
    [LoggerMessage(3601, LogLevel.Warning, "The bootstrap certificate of {What} at {Remote} was refused: {Reason} ({Suppressed} more such lines were left out before)")]
    public static partial void PeerRefused(ILogger logger, string what, string remote, string reason, long suppressed);

    [LoggerMessage(3602, LogLevel.Warning, "Silo {Silo} gets no calls for {Time}: {Reason}")]
    public static partial void Ejected(ILogger logger, string silo, TimeSpan time, string reason);

    [LoggerMessage(3603, LogLevel.Information, "Silo {Silo} is ready for calls")]
    public static partial void Ready(ILogger logger, string silo);

    [LoggerMessage(3604, LogLevel.Information, "Silo {Silo} says that it is not ready and gets calls only when no other is")]
    public static partial void NotReady(ILogger logger, string silo);

    [LoggerMessage(3605, LogLevel.Information, "Silos known to the relay: {Count}")]
    public static partial void SilosKnown(ILogger logger, int count);

    [LoggerMessage(3606, LogLevel.Warning, "The silos' addresses cannot be read; the ones known stay in use: {Reason}")]
    public static partial void SilosUnreadable(ILogger logger, string reason);

    [LoggerMessage(3607, LogLevel.Warning, "The silos' file says '{Line}', which is no address: write host:port")]
    public static partial void BadSiloLine(ILogger logger, string line);

    [LoggerMessage(3608, LogLevel.Information, "The trust bundle {Number} is in use for clients' certificates")]
    public static partial void BundleInUse(ILogger logger, ulong number);

    [LoggerMessage(3609, LogLevel.Warning, "The trust bundle could not be fetched: {Reason}")]
    public static partial void BundleNotFetched(ILogger logger, string reason);

    [LoggerMessage(3610, LogLevel.Warning, "A silo sent the trust bundle {Offered}, older than {Known}: it is not taken")]
    public static partial void BundleRolledBack(ILogger logger, ulong offered, ulong known);

    [LoggerMessage(3611, LogLevel.Information, "Gateway {Name} got the certificate {Serial} for {SpiffeId} until {NotAfter:u}")]
    public static partial void GatewayCertified(ILogger logger, string name, string serial, string spiffeId, DateTimeOffset notAfter);

    [LoggerMessage(3612, LogLevel.Error, "Relaying request {RequestId} failed: {Method} {Path}")]
    public static partial void RelayFailed(ILogger logger, Exception exception, string requestId, string method, string path);

    [LoggerMessage(3613, LogLevel.Debug, "Attempt {Attempt} of request {RequestId} at silo {Silo}: {Outcome} {Detail}")]
    public static partial void Attempted(ILogger logger, int attempt, string requestId, string silo, string outcome, string? detail);
}
