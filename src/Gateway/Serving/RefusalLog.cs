using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Serving;

/// <summary>
/// Logs refusals with the id that the caller got. At most <see cref="LinesPerSecond"/> a second are told one by one, so that a flood of bad
/// requests does not become a flood of log lines; the rest is told as a number.
/// </summary>
internal sealed class RefusalLog(TimeProvider time, ILogger<RefusalLog> logger)
{
    public const int LinesPerSecond = 100;

    private readonly LineBudget _lines = new(time, LinesPerSecond);

    public void Tell(string api, HttpContext http, string caller, Refusal refusal)
    {
        if (!_lines.MayTell(out var suppressed))
        {
            return;
        }

        if (suppressed > 0)
        {
            ServingLog.RefusalsSuppressed(logger, suppressed);
        }

        ServingLog.Refused(
            logger, api, RequestId.Of(http), RequestId.CallersOwn(http), caller, refusal.Code, refusal.Reason, refusal.Message, refusal.LogDetail);
    }
}
