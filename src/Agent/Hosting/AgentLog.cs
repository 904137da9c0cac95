using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Hosting;

internal static partial class AgentLog
{
    [LoggerMessage(EventId = 5001, Level = LogLevel.Information, Message = "Attested as {Agent}; the agent's SVID holds until {Until:O}.")]
    public static partial void Attested(ILogger logger, string agent, DateTimeOffset until);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Warning, Message = "The node could not be attested ({Reason}): {Message}. Next attempt in {Seconds:0.0} s.")]
    public static partial void NotAttested(ILogger logger, string reason, string message, double seconds);

    [LoggerMessage(EventId = 5003, Level = LogLevel.Information, Message = "Connected to {Address}; {Entries} entries are known.")]
    public static partial void Connected(ILogger logger, string address, int entries);

    [LoggerMessage(EventId = 5004, Level = LogLevel.Warning,
        Message = "The control plane at {Address} is not reached ({Status}): {Message}. What is held is served until it ends. Next attempt in {Seconds:0.0} s.")]
    public static partial void Disconnected(ILogger logger, string address, string status, string message, double seconds);

    [LoggerMessage(EventId = 5005, Level = LogLevel.Error, Message = "The control plane refuses this agent ({Reason}): {Message}")]
    public static partial void Refused(ILogger logger, string reason, string message);

    [LoggerMessage(EventId = 5006, Level = LogLevel.Warning, Message = "The agent's own SVID could not be renewed: {Message}")]
    public static partial void NotRenewed(ILogger logger, string message);

    [LoggerMessage(EventId = 5007, Level = LogLevel.Warning, Message = "{Count} SVIDs were asked for in vain: {Message}")]
    public static partial void BatchFailed(ILogger logger, int count, string message);

    [LoggerMessage(EventId = 5008, Level = LogLevel.Warning, Message = "No SVID for {SpiffeId} (entry {Entry}): {Problem}")]
    public static partial void SvidRefused(ILogger logger, string spiffeId, string entry, string problem);

    [LoggerMessage(EventId = 5009, Level = LogLevel.Error, Message = "{Count} SVIDs ended without being renewed and are no longer served.")]
    public static partial void SvidsExpired(ILogger logger, int count);

    [LoggerMessage(EventId = 5010, Level = LogLevel.Warning, Message = "A process (pid {Pid}, uid {Uid}) was not attested: {Reason}: {Detail}")]
    public static partial void WorkloadRefused(ILogger logger, int pid, uint uid, string reason, string detail);

    [LoggerMessage(EventId = 5011, Level = LogLevel.Warning, Message = "A process (pid {Pid}, uid {Uid}) has no identity here: no entry of this agent fits {Selectors}")]
    public static partial void NoIdentity(ILogger logger, int pid, uint uid, string selectors);

    [LoggerMessage(EventId = 5012, Level = LogLevel.Warning, Message = "A proxy (pid {Pid}, node '{Node}') refused a secret: {Message}")]
    public static partial void Nacked(ILogger logger, int pid, string node, string message);

    [LoggerMessage(EventId = 5013, Level = LogLevel.Information, Message = "Output {Output}: {SpiffeId} is in place until {Until:O}.")]
    public static partial void OutputWritten(ILogger logger, string output, string spiffeId, DateTimeOffset until);

    [LoggerMessage(EventId = 5014, Level = LogLevel.Warning, Message = "Output {Output} failed: {Message} Next attempt in {Seconds:0.0} s.")]
    public static partial void OutputFailed(ILogger logger, string output, string message, double seconds);

    [LoggerMessage(EventId = 5015, Level = LogLevel.Warning, Message = "A connection of uid {Uid} was turned away: {Reason}.")]
    public static partial void ConnectionRefused(ILogger logger, uint uid, string reason);

    [LoggerMessage(EventId = 5071, Level = LogLevel.Warning, Message = "{File} cannot be used and is passed over: {Problem}. The agent begins without what it holds.")]
    public static partial void KeyStoreUnusable(ILogger logger, string file, string problem);

    [LoggerMessage(EventId = 5072, Level = LogLevel.Error, Message = "{File} cannot be written: {Message} A restart would begin without what is new.")]
    public static partial void KeyStoreNotWritten(ILogger logger, string file, string message);

    [LoggerMessage(EventId = 5073, Level = LogLevel.Information,
        Message = "Kept from before: {Entries} entries and {Svids} SVIDs, written at {WrittenAt:O}; {Expired} had ended. They are served at once.")]
    public static partial void StateRestored(ILogger logger, int entries, int svids, int expired, DateTimeOffset writtenAt);

    [LoggerMessage(EventId = 5074, Level = LogLevel.Information, Message = "Kept from before: the agent is {Agent} until {Until:O} and attests anew only after that.")]
    public static partial void IdentityKept(ILogger logger, string agent, DateTimeOffset until);

    [LoggerMessage(EventId = 5070, Level = LogLevel.Warning, Message = "Attestor {Attestor} could not tell what a process is (pid {Pid}, uid {Uid}): {Reason}: {Detail}")]
    public static partial void AttestorFailed(ILogger logger, string attestor, int pid, uint uid, string reason, string detail);

    [LoggerMessage(EventId = 5090, Level = LogLevel.Error,
        Message = "{Count} SVIDs and their keys are dropped and nobody is served: the control plane does not hear this agent any more ({Reason}).")]
    public static partial void Withdrawn(ILogger logger, int count, string reason);

    [LoggerMessage(EventId = 5091, Level = LogLevel.Warning, Message = "Output {Output}: {SpiffeId} is this node's no longer; its certificate and key are removed.")]
    public static partial void OutputWithdrawn(ILogger logger, string output, string spiffeId);

    [LoggerMessage(EventId = 5092, Level = LogLevel.Warning, Message = "Output {Output}: its reader did not take well that certificate and key are gone: {Message}")]
    public static partial void WithdrawalNotTaken(ILogger logger, string output, string message);

    [LoggerMessage(EventId = 5016, Level = LogLevel.Warning, Message = "{Count} JWT-SVIDs were asked for in vain: {Message}")]
    public static partial void JwtNotIssued(ILogger logger, int count, string message);

    [LoggerMessage(EventId = 5132, Level = LogLevel.Error, Message = "The control plane sent revocation lists that are not taken; those from before are served until they end: {Problem}")]
    public static partial void CrlsNotTaken(ILogger logger, string problem);

    [LoggerMessage(EventId = 5133, Level = LogLevel.Warning, Message = "{Count} revocation lists ended without a newer one and are no longer served.")]
    public static partial void CrlsEnded(ILogger logger, int count);
}
