using System.Buffers;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// Hands an issuance on: body and answer are held whole, so that a silo that fails or does not answer in its time costs the caller another attempt
/// and no more. This is the one layer that retries. Every attempt goes out under the call's one id: an attempt whose outcome is unknown may leave a
/// certificate that is recorded and held by nobody, and a join token that it used is the same call's still.
/// </summary>
internal sealed class UnaryRelay(
    SiloLinks links, RetryBudget budget, RelayMetrics metrics, IOptions<RelayOptions> options, IOptions<LimitsOptions> limits, IRandomSource random, TimeProvider time,
    ILogger<UnaryRelay> logger)
{
    private const string Kind = "issuance";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan RetryHint = TimeSpan.FromSeconds(1);

    /// <summary>Answers the call from a silo, or with a refusal of the relay's own.</summary>
    /// <param name="http">The call; its limits are passed already.</param>
    /// <param name="facts">What is known of the caller.</param>
    /// <param name="mostAttempts">Attempts that reached a silo, in all; as many again may reach none.</param>
    public async Task RelayAsync(HttpContext http, RelayFacts facts, int mostAttempts)
    {
        var deadline = RelayDeadline.Of(http, time, options.Value.Deadline);
        if (await ReadBodyAsync(http) is not { } body)
        {
            metrics.Called(Kind, "too_large");
            await RelayAnswer.RefuseTooLargeAsync(http);
            return;
        }

        budget.Called();
        var tried = new List<SiloLink>(mostAttempts);
        var silent = new List<SiloLink>();
        BufferedAnswer? answer = null;
        var (attempts, sent, unknown) = (0, 0, false);
        while (!deadline.Passed && (links.Choose(tried) ?? Again(tried, silent)) is { } link)
        {
            tried.Add(link);
            (var outcome, answer) = await AttemptAsync(http, facts, body, link, deadline, ++attempts);
            metrics.Attempted(Name(outcome));
            unknown |= outcome == AttemptOutcome.Unknown;
            sent += outcome == AttemptOutcome.NotSent ? 0 : 1;
            if (outcome == AttemptOutcome.Answered || sent >= mostAttempts || attempts >= 2 * mostAttempts)
            {
                break;
            }

            // A silo that could not be reached costs no other silo anything.
            if (outcome != AttemptOutcome.NotSent && !budget.TryTake())
            {
                break;
            }

            if (outcome != AttemptOutcome.Unavailable)
            {
                silent.Add(link);
            }

            await Task.Delay(Pause * attempts * random.NextJitter(0.5), time, http.RequestAborted);
        }

        if (answer is not null)
        {
            metrics.Called(Kind, answer.Result);
            await answer.WriteAsync(http);
            return;
        }

        metrics.Called(Kind, deadline.Passed ? "deadline" : unknown ? "unknown" : "unreachable");
        await GiveUpAsync(http, deadline);
    }

    /// <summary>No silo is left that was not tried: those that said nothing may answer now, since one that stood still for a moment is no dead one.</summary>
    private SiloLink? Again(List<SiloLink> tried, List<SiloLink> silent)
    {
        tried.RemoveAll(silent.Contains);
        silent.Clear();
        return links.Choose(tried);
    }

    private async Task<(AttemptOutcome Outcome, BufferedAnswer? Answer)> AttemptAsync(
        HttpContext http, RelayFacts facts, byte[] body, SiloLink link, RelayDeadline deadline, int number)
    {
        var limit = options.Value.AttemptTimeout;
        if (deadline.Left is { } left && left < limit)
        {
            limit = left;
        }

        using var patience = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, http.RequestAborted);
        using var call = link.Enter();
        var began = time.GetTimestamp();
        var content = new MarkedContent(body);
        try
        {
            using var request = RelayMessage.Request(http, facts, content, deadline.Left);
            using var response = await link.SendAsync(request, both.Token);
            var answer = await BufferedAnswer.ReadAsync(response, both.Token);
            if (!answer.IsUnavailable)
            {
                link.Succeeded();
                return (AttemptOutcome.Answered, answer);
            }

            RelayLog.Attempted(logger, number, facts.RequestId, link.Name, "unavailable", null);
            link.Declined("it answered that it is unavailable");
            return (AttemptOutcome.Unavailable, answer);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or ObjectDisposedException
            || (failure is OperationCanceledException && !http.RequestAborted.IsCancellationRequested))
        {
            var why = failure is OperationCanceledException ? $"it did not answer within {limit.TotalSeconds:0.##} s" : failure.Message;
            RelayLog.Attempted(logger, number, facts.RequestId, link.Name, content.Begun ? "unknown" : "not sent", why);

            if (failure is not OperationCanceledException)
            {
                link.Eject(why);
            }
            else if (limit == options.Value.AttemptTimeout)
            {
                // A deadline of the caller's own that was shorter than a silo's time says nothing about the silo.
                link.TimedOut(began, why);
            }

            return (content.Begun ? AttemptOutcome.Unknown : AttemptOutcome.NotSent, null);
        }
    }

    private static Task GiveUpAsync(HttpContext http, RelayDeadline deadline)
    {
        if (deadline.Passed && GrpcUnimplemented.IsCall(http))
        {
            RelayAnswer.Status(http, new RpcException(RpcStatusCode.DeadlineExceeded, $"No silo answered before the deadline (request {RequestId.Of(http)})"));
            return Task.CompletedTask;
        }

        return RelayAnswer.RefuseAsync(http, new Refusal(
            RefusalCode.Unavailable, "no_silo", "No silo can be reached that serves this now; try again shortly.", RetryAfter: RetryHint));
    }

    /// <summary>Null when it is too large.</summary>
    private async Task<byte[]?> ReadBodyAsync(HttpContext http)
    {
        var most = limits.Value.MaxRequestBytes;
        var reader = http.Request.BodyReader;
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(http.RequestAborted);
                if (read.Buffer.Length > most)
                {
                    reader.AdvanceTo(read.Buffer.End);
                    return null;
                }

                if (read.IsCompleted)
                {
                    var body = read.Buffer.ToArray();
                    reader.AdvanceTo(read.Buffer.End);
                    return body;
                }

                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (BadHttpRequestException bad) when (bad.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return null;
        }
    }

    private static string Name(AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Answered => "answered",
        AttemptOutcome.Unavailable => "unavailable",
        AttemptOutcome.NotSent => "not_sent",
        _ => "unknown",
    };
}
