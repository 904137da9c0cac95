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

    [LoggerMessage(EventId = 5130, Level = LogLevel.Error,
        Message = "The {Count} revocation lists have {Bytes} bytes, more than agents are sent ({Limit}); agents keep those from before. Taint issuing CAs of which much is revoked.")]
    public static partial void CrlsTooLarge(ILogger logger, int count, long bytes, int limit);

    [LoggerMessage(EventId = 5131, Level = LogLevel.Warning, Message = "The revocation lists for agents are not known ({Reason}); agents keep those from before, and it is tried again within seconds.")]
    public static partial void CrlsUnknown(ILogger logger, string reason);
}
