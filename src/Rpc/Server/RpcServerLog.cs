using Microsoft.Extensions.Logging;

namespace MeshGrains.Rpc.Server;

internal static partial class RpcServerLog
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "The handler of {Method} threw; the caller was told the error id {ErrorId}")]
    public static partial void HandlerThrew(ILogger logger, Exception exception, string method, string errorId);

    // The detail stays out: it may quote what a caller sent.
    [LoggerMessage(EventId = 2, Level = LogLevel.Debug, Message = "{Method} ended with {Status}")]
    public static partial void CallFailed(ILogger logger, string method, RpcStatusCode status);
}
