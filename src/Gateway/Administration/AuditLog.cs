using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Administration;

internal static partial class AuditLog
{
    /// <summary>The category of every line here.</summary>
    public const string Category = "MeshGrains.Audit";

    [LoggerMessage(3401, LogLevel.Information, "{Actor} did {Action} on {Subject}; reason: {Reason}; request {RequestId} (caller's own id: {CallersId})")]
    public static partial void Done(ILogger logger, string actor, string action, string subject, string reason, string requestId, string? callersId);

    [LoggerMessage(3402, LogLevel.Warning, "{Actor} failed to do {Action} on {Subject}: {Failure}; reason: {Reason}; request {RequestId}")]
    public static partial void Failed(ILogger logger, string actor, string action, string subject, string failure, string reason, string requestId);

    [LoggerMessage(3403, LogLevel.Warning, "{Actor} was refused {Method} {Path}: {Reason}; request {RequestId}")]
    public static partial void Refused(ILogger logger, string actor, string method, string path, string reason, string requestId);

    [LoggerMessage(3404, LogLevel.Warning, "{Count} more refusals of administration were not logged one by one: there were too many")]
    public static partial void RefusalsSuppressed(ILogger logger, long count);
}
