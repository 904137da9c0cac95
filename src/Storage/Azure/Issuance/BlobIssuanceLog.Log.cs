using Microsoft.Extensions.Logging;

namespace MeshGrains.Storage;

public sealed partial class BlobIssuanceLog
{
    [LoggerMessage(EventId = 3011, Level = LogLevel.Error, Message = "The issuance log's blob store failed; no certificate is issued until it can be written again.")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 3012, Level = LogLevel.Warning, Message = "The issuance log's blob store still cannot be written; trying again in {DelayMs} ms: {Reason}")]
    private static partial void LogStillFailed(ILogger logger, long delayMs, string reason);

    [LoggerMessage(EventId = 3013, Level = LogLevel.Information, Message = "The issuance log's blob store can be written again.")]
    private static partial void LogRecovered(ILogger logger);

    [LoggerMessage(EventId = 3014, Level = LogLevel.Warning, Message = "The log shard {Issuer} was sealed or taken by another writer: this process never writes to it again.")]
    private static partial void LogShardLost(ILogger logger, string issuer);
}
