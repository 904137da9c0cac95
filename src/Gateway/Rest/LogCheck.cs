using MeshGrains.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Rest;

/// <summary>
/// Walks the issuance log's chain, one walk at a time: whoever asks meanwhile shares it. A walk goes on when its askers have left, so that one
/// who ran out of patience finds it further along.
/// </summary>
internal sealed partial class LogCheck(IIssuanceLog log, TimeProvider time, IHostApplicationLifetime process, ILogger<LogCheck> logger)
{
    private readonly Lock _gate = new();
    private Task<LogVerificationView>? _walk;

    public Task<LogVerificationView> RunAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_walk is null or { IsCompleted: true })
            {
                _walk = WalkAsync();
            }

            return _walk.WaitAsync(cancellationToken);
        }
    }

    private async Task<LogVerificationView> WalkAsync()
    {
        var began = time.GetUtcNow();
        var findings = await log.VerifyChainAsync(process.ApplicationStopping);
        if (findings.Count > 0)
        {
            LogBroken(findings.Count, findings[0]);
        }

        return new LogVerificationView(findings.Count == 0, findings, began, time.GetUtcNow());
    }

    [LoggerMessage(3501, LogLevel.Critical, "The issuance log's chain is broken, with {Count} findings ('meshctl issuance verify' tells them); the first: {Finding}")]
    private partial void LogBroken(int count, string finding);
}
