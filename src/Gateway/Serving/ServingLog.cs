using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Serving;

internal static partial class ServingLog
{
    [LoggerMessage(3001, LogLevel.Information, "Handshake of connection {Connection} refused: the gateway has no certificate yet")]
    public static partial void NoCertificateYet(ILogger logger, string connection);

    [LoggerMessage(3002, LogLevel.Warning, "Client certificate of connection {Connection} from {Remote} refused: {Reason}")]
    public static partial void ClientCertificateRefused(ILogger logger, string connection, string remote, string reason);

    [LoggerMessage(3003, LogLevel.Information, "Serving as {SpiffeId} with certificate {Serial} until {NotAfter:u}; renewal at {RenewAt:u}")]
    public static partial void CertificateInUse(ILogger logger, string spiffeId, string serial, DateTimeOffset notAfter, DateTimeOffset renewAt);

    [LoggerMessage(EventId = 3004, Message = "No certificate for the gateway: {Reason}; trying again in {Delay}")]
    public static partial void CertificateRefused(ILogger logger, LogLevel level, string reason, TimeSpan delay);

    [LoggerMessage(3005, LogLevel.Error, "Making the gateway's certificate failed; trying again in {Delay}")]
    public static partial void CertificateFailed(ILogger logger, Exception exception, TimeSpan delay);

    [LoggerMessage(3006, LogLevel.Debug, "Connection {Connection} is asked to close: {Reason}")]
    public static partial void ConnectionEnding(ILogger logger, string connection, string reason);

    [LoggerMessage(3007, LogLevel.Warning, "Connection to the administration socket by uid {UserId} (pid {ProcessId}) refused: not an allowed user")]
    public static partial void AdminPeerRefused(ILogger logger, uint userId, int processId);

    [LoggerMessage(3008, LogLevel.Information, "A stale administration socket was removed: {Path}")]
    public static partial void StaleSocketRemoved(ILogger logger, string path);

    [LoggerMessage(3009, LogLevel.Error, "Request {RequestId} failed: {Method} {Path}")]
    public static partial void RequestFailed(ILogger logger, Exception exception, string requestId, string method, string path);

    [LoggerMessage(3010, LogLevel.Information, "Refused {Api} request {RequestId} (caller's own id: {CallersId}) of {Caller}: {Code} {Reason}: {Message} {Detail}")]
    public static partial void Refused(
        ILogger logger, string api, string requestId, string? callersId, string caller, Grains.RefusalCode code, string reason, string message, string? detail);

    [LoggerMessage(3011, LogLevel.Warning, "{Count} more refusals were not logged one by one: there were too many; metrics count them by reason")]
    public static partial void RefusalsSuppressed(ILogger logger, long count);

    [LoggerMessage(3012, LogLevel.Information, "Serving with the certificate of the last run until {NotAfter:u}, or until there is a new one")]
    public static partial void SavedCertificateInUse(ILogger logger, DateTime notAfter);

    [LoggerMessage(3013, LogLevel.Warning, "The certificate of the last run cannot be used: {Reason}")]
    public static partial void SavedCertificateUnusable(ILogger logger, string reason);

    [LoggerMessage(3014, LogLevel.Warning, "The gateway's certificate could not be saved for the next start: {Reason}")]
    public static partial void CertificateNotSaved(ILogger logger, string reason);

    [LoggerMessage(3015, LogLevel.Warning, "{Count} more refused handshakes were not logged one by one: there were too many")]
    public static partial void HandshakesSuppressed(ILogger logger, long count);
}
