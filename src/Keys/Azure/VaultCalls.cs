using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace MeshGrains.Keys.Azure;

/// <summary>
/// How the vault is called: retries with jittered exponential waits, then the process's budget, then the breaker, then the time limit of one
/// attempt. A throttled vault is slow, not gone, so that a 429 is waited for and does not open the breaker.
/// </summary>
internal sealed partial class VaultCalls
{
    private static readonly Meter Meter = new(MeteredKeyManager.MeterName);
    private static readonly Counter<long> Attempts = Meter.CreateCounter<long>(
        "meshgrains.kms.attempts", "{attempt}", "Requests to a remote KMS, retries included, by operation and HTTP status (0: no answer).");

    private readonly RemoteCallOptions _remote;
    private readonly CallBudget _budget;
    private readonly Func<double> _jitter;
    private readonly ILogger _logger;
    private readonly ResiliencePipeline _attempt;
    private readonly ResiliencePipeline _repeatable;
    private readonly ResiliencePipeline _once;

    public VaultCalls(KeyManagerOptions options, TimeProvider time, ILogger logger)
    {
        _remote = options.Remote;
        _budget = options.Budget ?? new CallBudget(CallBudget.DefaultBurst, CallBudget.DefaultPerSecond, time);
        _jitter = options.Jitter;
        _logger = logger;
        _attempt = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = 0.5,
                MinimumThroughput = _remote.BreakerThreshold,
                SamplingDuration = _remote.BreakerWindow,
                BreakDuration = _remote.BreakerPause,
                ShouldHandle = static a => ValueTask.FromResult(IsFault(a.Outcome.Exception)),
                OnOpened = a =>
                {
                    LogBreakerOpened(_logger, a.BreakDuration);
                    return default;
                },
                OnClosed = _ =>
                {
                    LogBreakerClosed(_logger);
                    return default;
                },
            })
            .AddTimeout(new TimeoutStrategyOptions { Timeout = _remote.AttemptTimeout })
            .Build();
        _repeatable = Retrying(time, static e => IsThrottled(e) || IsFault(e));
        _once = Retrying(time, IsThrottled);
    }

    /// <summary>
    /// Calls the vault. <paramref name="repeatable"/> false (making a key) is retried only when the vault said that it did nothing: after a
    /// lost reply the caller has to look first.
    /// </summary>
    public async Task<T> RunAsync<T>(string operation, string what, bool repeatable, Func<CancellationToken, Task<T>> call, CancellationToken ct)
    {
        try
        {
            return await (repeatable ? _repeatable : _once)
                .ExecuteAsync(async token => await AttemptAsync(operation, call, token).ConfigureAwait(false), ct).ConfigureAwait(false);
        }
        catch (BrokenCircuitException e)
        {
            throw new KeyManagerException(
                KeyManagerError.Unavailable, $"{what}: the vault failed repeatedly and is left alone for {_remote.BreakerPause.TotalSeconds:0.#} s.")
            {
                RetryAfter = e.RetryAfter,
            };
        }
        catch (TimeoutRejectedException e)
        {
            throw new KeyManagerException(
                KeyManagerError.Unavailable, $"{what}: the vault did not answer within {_remote.AttemptTimeout.TotalSeconds:0.#} s.", e);
        }
        catch (VaultRequestException e)
        {
            throw e.ToKeyManagerException(what);
        }
    }

    private static bool IsThrottled(Exception? failure) => failure is VaultRequestException { IsThrottled: true };

    private static bool IsFault(Exception? failure) =>
        failure is VaultRequestException { IsFault: true } or TimeoutRejectedException or KeyManagerException { Kind: KeyManagerError.Unavailable };

    private async Task<T> AttemptAsync<T>(string operation, Func<CancellationToken, Task<T>> call, CancellationToken ct)
    {
        if (!_budget.TryTake(out var wait))
        {
            Count(operation, "budget");
            throw new KeyManagerException(
                KeyManagerError.BudgetExhausted, "This process has spent its budget of KMS calls; nothing was sent. They grow with CA rotations only: look for what calls so often.")
            {
                RetryAfter = wait,
            };
        }

        try
        {
            var result = await _attempt.ExecuteAsync(async token => await call(token).ConfigureAwait(false), ct).ConfigureAwait(false);
            Count(operation, "200");
            return result;
        }
        catch (BrokenCircuitException)
        {
            _budget.Return();
            throw;
        }
        catch (VaultRequestException e)
        {
            Count(operation, e.Status.ToString(CultureInfo.InvariantCulture));
            throw;
        }
        catch (TimeoutRejectedException)
        {
            Count(operation, "0");
            throw;
        }
    }

    private static void Count(string operation, string status) =>
        Attempts.Add(1, new TagList { { "operation", operation }, { "status", status } });

    private ResiliencePipeline Retrying(TimeProvider time, Func<Exception?, bool> retried)
    {
        if (_remote.MaxRetries == 0)
        {
            return ResiliencePipeline.Empty;
        }

        return new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = _remote.MaxRetries,
                ShouldHandle = a => ValueTask.FromResult(
                    retried(a.Outcome.Exception) && !(a.Outcome.Exception is VaultRequestException { RetryAfter: { } asked } && asked > _remote.MaxBackoff)),
                DelayGenerator = a => ValueTask.FromResult<TimeSpan?>(Wait(a.Outcome.Exception, a.AttemptNumber)),
                OnRetry = a =>
                {
                    LogRetry(_logger, a.AttemptNumber + 1, a.RetryDelay, a.Outcome.Exception!.Message);
                    return default;
                },
            })
            .Build();
    }

    /// <summary>What the vault asks for and up to a fifth more; else the back-off, doubled with each attempt, from three quarters to five quarters of it.</summary>
    private TimeSpan Wait(Exception? failure, int attempt)
    {
        var spread = Math.Clamp(_jitter(), 0, 1);
        if (failure is VaultRequestException { RetryAfter: { } asked })
        {
            return asked + (asked * 0.2 * spread);
        }

        var first = IsThrottled(failure) ? _remote.ThrottleBackoff : _remote.FaultBackoff;
        var wait = first * Math.Pow(2, attempt) * (0.75 + (0.5 * spread));
        return wait < _remote.MaxBackoff ? wait : _remote.MaxBackoff;
    }

    [LoggerMessage(3011, LogLevel.Warning, "KMS call failed, attempt {Attempt}; the next follows in {Wait}. {Failure}")]
    private static partial void LogRetry(ILogger logger, int attempt, TimeSpan wait, string failure);

    [LoggerMessage(3012, LogLevel.Error, "The KMS failed repeatedly; it is left alone for {Pause}. Issuance goes on with the issuing CAs at hand.")]
    private static partial void LogBreakerOpened(ILogger logger, TimeSpan pause);

    [LoggerMessage(3013, LogLevel.Information, "The KMS answers again.")]
    private static partial void LogBreakerClosed(ILogger logger);
}
