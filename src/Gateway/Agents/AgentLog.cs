using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Agents;

internal static partial class AgentLog
{
    [LoggerMessage(EventId = 3601, Level = LogLevel.Warning,
        Message = "Agent {Agent} has {Limit} entries or more; what is over agents.maxEntriesPerAgent is not given to it.")]
    public static partial void EntriesCut(ILogger logger, string agent, int limit);

    [LoggerMessage(EventId = 3610, Level = LogLevel.Warning,
        Message = "The roster could not be told of this silo's agents ({Reason}); it is tried again every second.")]
    public static partial void NotReported(ILogger logger, string reason);

    [LoggerMessage(EventId = 3611, Level = LogLevel.Information, Message = "Agent {Agent} was attested by {Attestation}; its SVID {Serial} ends {NotAfter:u}.")]
    public static partial void Attested(ILogger logger, string agent, string attestation, string serial, DateTimeOffset notAfter);
}
