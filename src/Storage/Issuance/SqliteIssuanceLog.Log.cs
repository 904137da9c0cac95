using Microsoft.Extensions.Logging;

namespace MeshGrains.Storage;

public sealed partial class SqliteIssuanceLog
{
    [LoggerMessage(EventId = 3001, Level = LogLevel.Error, Message = "The issuance log {Path} failed; no certificate is issued until it can be written again.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string path);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Warning, Message = "The issuance log {Path} still cannot be written; trying again in {DelayMs} ms: {Reason}")]
    private static partial void LogStillFailed(ILogger logger, string path, long delayMs, string reason);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Information, Message = "The issuance log {Path} can be written again.")]
    private static partial void LogRecovered(ILogger logger, string path);

    [LoggerMessage(EventId = 3004, Level = LogLevel.Warning, Message = "The index of the issuance log {Path} was missing or unfit and was made anew from the log.")]
    private static partial void LogIndexMadeAnew(ILogger logger, string path);
}
