using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Administration;

/// <summary>Writes a line for every administrative change, whether it worked or not.</summary>
internal sealed class Audit(ILoggerFactory loggers)
{
    public const int MaxReasonChars = 1024;

    private readonly ILogger _logger = loggers.CreateLogger(AuditLog.Category);

    /// <summary>Runs a change and tells of it.</summary>
    public async Task<T> RunAsync<T>(HttpContext http, Operator actor, string action, string subject, string? reason, Func<Task<T>> change)
    {
        try
        {
            var result = await change();
            Done(http, actor, action, subject, reason);
            return result;
        }
        catch (Exception e)
        {
            var failure = RefusalMap.Of(e)?.Reason ?? e.GetType().Name;
            Failed(http, actor, action, subject, failure, reason);
            throw;
        }
    }

    /// <summary>Tells of a change that was done as one of several.</summary>
    public void Done(HttpContext http, Operator actor, string action, string subject, string? reason)
        => AuditLog.Done(_logger, actor.Name, action, subject, reason ?? "none given", RequestId.Of(http), RequestId.CallersOwn(http));

    /// <summary>Tells of a change that was not done.</summary>
    public void Failed(HttpContext http, Operator actor, string action, string subject, string failure, string? reason)
        => AuditLog.Failed(_logger, actor.Name, action, subject, failure, reason ?? "none given", RequestId.Of(http));

    /// <summary>What is wrong with a reason for something dangerous; null when it may be recorded.</summary>
    public static Refusal? CheckReason(string? reason)
    {
        if (string.IsNullOrWhiteSpace(reason))
        {
            return new Refusal(RefusalCode.InvalidArgument, "reason_missing", "This needs a 'reason': say why, it is recorded.");
        }

        if (reason.Length > MaxReasonChars || reason.Any(char.IsControl))
        {
            return new Refusal(
                RefusalCode.InvalidArgument, "reason_malformed", $"The 'reason' is one line of at most {MaxReasonChars} characters.");
        }

        return null;
    }
}
