using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Rest;

/// <summary>What the audit's usual lines do not tell of a rotation. Its category is that of the audit.</summary>
internal static partial class RotationAuditLog
{
    [LoggerMessage(3680, LogLevel.Warning, "{Actor} began rotation {RotationId} of the root of {TrustDomain} (compromised: {Compromised}, re-issue over {ReissueOverSeconds} s): {Reason}; request {RequestId}")]
    public static partial void Started(
        ILogger logger, string actor, string rotationId, string trustDomain, bool compromised, int reissueOverSeconds, string reason, string requestId);

    [LoggerMessage(3681, LogLevel.Warning, "{Actor} told rotation {RotationId} of the root of {TrustDomain} to {Change} in phase {Phase}: {Reason}; request {RequestId}")]
    public static partial void Changed(
        ILogger logger, string actor, string rotationId, string trustDomain, string change, string phase, string reason, string requestId);

    [LoggerMessage(3682, LogLevel.Warning, "{Actor} has the gates of rotation {RotationId} passed by in phase {Phase}; shut at that moment: {Gates}; reason: {Reason}; request {RequestId}")]
    public static partial void Forced(ILogger logger, string actor, string rotationId, string phase, string gates, string reason, string requestId);
}
