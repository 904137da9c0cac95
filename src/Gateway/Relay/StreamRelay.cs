using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// Passes any other call through, both ways at once and with nothing held but a buffer each: administration, bundles, health, reflection, long
/// streams. Another silo is tried while nothing was sent, and where asking twice changes nothing (GET, HEAD) until an answer began.
/// </summary>
internal sealed class StreamRelay(
    SiloLinks links, RelayMetrics metrics, IOptions<RelayOptions> options, IOptions<LimitsOptions> limits, TimeProvider time, ILogger<StreamRelay> logger)
{
    private const string Kind = "other";
    private const int BufferBytes = 16 * 1024;

    /// <summary>How long a silo may think about a REST call, which administration's way to the KMS may make long.</summary>
    private static readonly TimeSpan LongestThought = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RetryHint = TimeSpan.FromSeconds(1);

    private readonly StreamPlaces _places = new(limits.Value.MaxConnections);

    public async Task RelayAsync(HttpContext http, RelayFacts facts)
    {
        IDisposable place;
        try
        {
            place = _places.Take();
        }
        catch (RpcException full)
        {
            metrics.Called(Kind, "full");
            await RelayAnswer.RefuseAsync(http, new Refusal(RefusalCode.ResourceExhausted, "streams", full.Detail, RetryAfter: RetryHint));
            return;
        }

        using (place)
        {
            await PassAsync(http, facts);
        }
    }

    private async Task PassAsync(HttpContext http, RelayFacts facts)
    {
        var isGrpc = GrpcUnimplemented.IsCall(http);
        var deadline = RelayDeadline.Of(http, time);
        if (isGrpc)
        {
            LiftBodyLimits(http);
        }
        else if (http.Request.Path.Value == EntryBatchEndpoints.Path && http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = Math.Max(EntryBatchEndpoints.MaxBytes, size.MaxRequestBodySize ?? 0);
        }

        using var patience = new CancellationTokenSource(isGrpc ? deadline.Left ?? Timeout.InfiniteTimeSpan : LongestThought, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, patience.Token);
        var tried = new List<SiloLink>();
        while (tried.Count < options.Value.MaxAttempts && !ended.IsCancellationRequested && links.Choose(tried) is { } link)
        {
            tried.Add(link);
            using var call = link.Enter();
            var content = HasBody(http) ? new PassedContent(http.Request.Body, ended.Token) : null;
            try
            {
                using var request = RelayMessage.Request(http, facts, content, deadline.Left);
                using var answer = await link.SendAsync(request, ended.Token);
                link.Succeeded();
                metrics.Attempted("answered");
                if (!isGrpc)
                {
                    patience.CancelAfter(Timeout.InfiniteTimeSpan);
                }

                await AnswerAsync(http, answer, ended.Token);
                metrics.Called(Kind, "passed");
                return;
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or ObjectDisposedException or OperationCanceledException)
            {
                if (http.RequestAborted.IsCancellationRequested)
                {
                    metrics.Called(Kind, "cancelled");
                    return;
                }

                if (failure is not OperationCanceledException)
                {
                    link.Eject(failure.Message);
                }

                var sent = http.Response.HasStarted || content is { Begun: true } || !(NeverConnected(failure) || ChangesNothing(http));
                RelayLog.Attempted(logger, tried.Count, facts.RequestId, link.Name, sent ? "broken" : "not sent", failure.Message);
                metrics.Attempted(sent ? "broken" : "not_sent");
                if (sent)
                {
                    metrics.Called(Kind, deadline.Passed ? "deadline" : "broken");
                    await BrokenAsync(http, deadline);
                    return;
                }
            }
            finally
            {
                if (content is { Begun: true })
                {
                    // The body is the call's own: nobody may read it once the call is over.
                    await ended.CancelAsync();
                    await content.Done;
                }
            }
        }

        metrics.Called(Kind, "unreachable");
        await RelayAnswer.RefuseAsync(http, new Refusal(
            RefusalCode.Unavailable, "no_silo", "No silo can be reached that serves this now; try again shortly.", RetryAfter: RetryHint));
    }

    private static async Task AnswerAsync(HttpContext http, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        RelayMessage.BeginAnswer(http, (int)answer.StatusCode, answer.Headers, answer.Content.Headers);
        await using var from = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[BufferBytes];
        var reading = from.ReadAsync(buffer, cancellationToken);
        if (!reading.IsCompleted)
        {
            // A stream's headers leave before its first message.
            await http.Response.StartAsync(cancellationToken);
        }

        while (await reading is var read && read > 0)
        {
            await http.Response.Body.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            await http.Response.Body.FlushAsync(cancellationToken);
            reading = from.ReadAsync(buffer, cancellationToken);
        }

        RelayMessage.EndAnswer(http, answer.TrailingHeaders);
    }

    /// <summary>The link broke with the call on its way: what the silo did with it is not known here.</summary>
    private static Task BrokenAsync(HttpContext http, RelayDeadline deadline)
    {
        if (GrpcUnimplemented.IsCall(http))
        {
            RelayAnswer.Status(http, deadline.Passed
                ? new RpcException(RpcStatusCode.DeadlineExceeded, $"The deadline passed before the call was done (request {RequestId.Of(http)})")
                : new RpcException(RpcStatusCode.Unavailable, $"The silo that served this call was lost (request {RequestId.Of(http)})"));
            return Task.CompletedTask;
        }

        if (http.Response.HasStarted)
        {
            http.Abort();
            return Task.CompletedTask;
        }

        return RelayAnswer.RefuseAsync(http, new Refusal(
            RefusalCode.Unavailable, "outcome_unknown", "The silo that served this call was lost or did not answer in time; look whether it was done before you repeat it.",
            RetryAfter: RetryHint));
    }

    private static bool NeverConnected(Exception failure) => failure is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.NameResolutionError,
    };

    private static bool ChangesNothing(HttpContext http) => HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);

    private static bool HasBody(HttpContext http) => http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? false;

    /// <summary>A stream may be longer and slower than one body; each message keeps its bound at the silo.</summary>
    private static void LiftBodyLimits(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }
}
