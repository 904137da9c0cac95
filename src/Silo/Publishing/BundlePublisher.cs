using MeshGrains.Gateway;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Silo;

/// <summary>
/// Keeps every output at the bundle that this silo delivers: each in a loop of its own, at once when the bundle changes, again with growing pauses while
/// it fails, and now and then in between. No output holds up another, and none holds up issuance.
/// </summary>
internal sealed partial class BundlePublisher : BackgroundService, IBundlePublications, IReadinessCheck
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromMinutes(1);

    private readonly IClientTrust _trust;
    private readonly TimeSpan _recheck;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly ILogger<BundlePublisher> _logger;
    private readonly BundleOutput[] _outputs;
    private readonly Lock _gate = new();
    private Newest _newest;

    public BundlePublisher(
        IReadOnlyList<IBundleTarget> targets, string silo, TimeSpan recheck, IClientTrust trust, IRandomSource random, TimeProvider time, ILogger<BundlePublisher> logger)
    {
        (_trust, _recheck, _random, _time, _logger) = (trust, recheck, random, time, logger);
        _newest = new Newest(null, time.GetTimestamp(), NewSignal());
        _outputs = [.. targets.Select(target => new BundleOutput(target, silo, time.GetUtcNow()))];
    }

    public event Action? Changed;

    public string Name => "bundle-outputs";

    /// <summary>Never: who issues and who is served does not depend on readers outside.</summary>
    public string? NotReadyReason => null;

    public string? Note
    {
        get
        {
            var failing = _outputs.Select(output => output.Shown).Where(shown => shown.LastFailure is not null).ToArray();
            return failing.Length == 0 ? null : string.Join(" ", failing.Take(3).Select(shown => $"{shown.Target}: {shown.LastFailure}"))
                + (failing.Length > 3 ? $" And {failing.Length - 3} more." : "");
        }
    }

    public IReadOnlyList<BundlePublication> Current => [.. _outputs.Select(output => output.Shown)];

    internal IReadOnlyList<BundleOutput> Outputs => _outputs;

    /// <summary>How long the newest bundle has been waiting for this output; nothing when it lies there.</summary>
    internal TimeSpan LagOf(BundleOutput output)
    {
        var newest = _newest;
        return newest.Bundle is { } bundle && output.Shown.Number < bundle.Number ? _time.GetElapsedTime(newest.Since) : TimeSpan.Zero;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _trust.Changed += Look;
        try
        {
            Look();
            await Task.WhenAll(_outputs.Select(output => KeepAsync(output, stoppingToken)));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end.
        }
        finally
        {
            _trust.Changed -= Look;
        }
    }

    private async Task KeepAsync(BundleOutput output, CancellationToken stoppingToken)
    {
        var retry = FirstRetry;
        while (true)
        {
            var newest = _newest;
            TimeSpan? pause = null;
            if (newest.Bundle is { } bundle)
            {
                var published = await TryAsync(output, bundle, stoppingToken);
                pause = published ? _recheck * _random.NextJitter(0.2) : retry * _random.NextJitter(0.2);
                retry = published ? FirstRetry : retry * 2 < LastRetry ? retry * 2 : LastRetry;
            }

            using var wait = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var quiet = pause is { } length ? Task.Delay(length, _time, wait.Token) : Task.Delay(Timeout.InfiniteTimeSpan, _time, wait.Token);
            await Task.WhenAny(quiet, newest.Replaced.Task);
            await wait.CancelAsync();
            stoppingToken.ThrowIfCancellationRequested();
        }
    }

    private async Task<bool> TryAsync(BundleOutput output, PublishedBundle bundle, CancellationToken stoppingToken)
    {
        var before = output.Shown;
        try
        {
            var found = await output.Target.PublishAsync(bundle, stoppingToken);
            if (output.Succeeded(found, bundle.Number, _time.GetUtcNow()))
            {
                if (output.Shown.Number != before.Number || before.LastFailure is not null)
                {
                    LogPublished(_logger, output.Target.Name, output.Shown.Number);
                }

                Changed?.Invoke();
            }

            if (found > bundle.Number)
            {
                LogAhead(_logger, output.Target.Name, found, bundle.Number);
            }

            return true;
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            LogNotPublished(_logger, bundle.Number, output.Target.Name, failure.Message);
            if (output.Failed(failure.Message))
            {
                Changed?.Invoke();
            }

            return false;
        }
    }

    private void Look()
    {
        if (_trust.Bundle is not { Sequence: not null } bundle || bundle.X509Authorities.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            if (_newest.Bundle is { } known && (long)bundle.Sequence <= known.Number)
            {
                return;
            }

            var replaced = _newest.Replaced;
            _newest = new Newest(new PublishedBundle(bundle), _time.GetTimestamp(), NewSignal());
            replaced.TrySetResult();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(EventId = 320, Level = LogLevel.Information, Message = "Output {Output} holds the trust bundle {Number}.")]
    private static partial void LogPublished(ILogger logger, string output, long number);

    [LoggerMessage(EventId = 321, Level = LogLevel.Warning, Message = "The trust bundle {Number} could not be put into the output {Output}; it is tried again. {Reason}")]
    private static partial void LogNotPublished(ILogger logger, long number, string output, string reason);

    [LoggerMessage(EventId = 322, Level = LogLevel.Warning,
        Message = "Output {Output} holds bundle {Found}, newer than {Number}, which this silo delivers. It is left alone; if no silo knows that bundle, delete the output and look who wrote it.")]
    private static partial void LogAhead(ILogger logger, string output, long found, long number);

    private sealed record Newest(PublishedBundle? Bundle, long Since, TaskCompletionSource Replaced);
}
