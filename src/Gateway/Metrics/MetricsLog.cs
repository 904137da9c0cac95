using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Metrics;

internal static partial class MetricsLog
{
    [LoggerMessage(3301, LogLevel.Warning, "A metric could not be observed; the others are exported")]
    public static partial void ObservationFailed(ILogger logger, Exception exception);

    [LoggerMessage(3302, LogLevel.Warning, "Metric {Name} is not exported: there are {Limit} already")]
    public static partial void TooMany(ILogger logger, string name, int limit);

    [LoggerMessage(3303, LogLevel.Warning, "Metric {Name} of meter {Meter} is not exported: another meter uses the name for another kind")]
    public static partial void TwoKinds(ILogger logger, string name, string meter);
}
