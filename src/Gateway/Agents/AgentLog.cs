using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Agents;

internal static partial class AgentLog
{
    [LoggerMessage(EventId = 3601, Level = LogLevel.Warning,
        Message = "Agent {Agent} has {Limit} entries or more; what is over agents.maxEntriesPerAgent is not given to it.")]
    public static partial void EntriesCut(ILogger logger, string agent, int limit);
}
