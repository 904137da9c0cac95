using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Solo;

internal static partial class SoloLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Grain} could not be activated")]
    public static partial void ActivationFailed(ILogger logger, Exception failure, GrainId grain);

    [LoggerMessage(2, LogLevel.Warning, "{Grain} failed in its deactivation, which goes on")]
    public static partial void DeactivationFailed(ILogger logger, Exception failure, GrainId grain);

    [LoggerMessage(3, LogLevel.Warning, "{Grain} still runs requests {Limit} after its deactivation began, which goes on without them")]
    public static partial void StillRunning(ILogger logger, GrainId grain, TimeSpan limit);

    [LoggerMessage(4, LogLevel.Warning, "{Request} failed in {Grain}, and nobody waits for its answer")]
    public static partial void UnansweredFailure(ILogger logger, Exception failure, string request, GrainId grain);

    [LoggerMessage(5, LogLevel.Warning, "Reminder {Reminder} of {Grain} failed; it ticks again in its time")]
    public static partial void ReminderFailed(ILogger logger, Exception failure, string reminder, GrainId grain);

    [LoggerMessage(6, LogLevel.Warning, "Stopping the grain host left {Calls} calls and {Activations} activations behind after {Limit}")]
    public static partial void StoppedShort(ILogger logger, int calls, int activations, TimeSpan limit);

    [LoggerMessage(7, LogLevel.Information, "The single-process grain host runs, with {Reminders} reminders")]
    public static partial void Started(ILogger logger, int reminders);
}
