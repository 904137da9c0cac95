using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>
/// Asks the cluster's API server about a token (authentication.k8s.io/v1 TokenReview). That alone notices a pod that is gone before its
/// token ends; it costs a call for each token. No verdict is kept.
/// </summary>
internal sealed partial class TokenReviewClient : IDisposable
{
    private const int MaxAnswer = 64 * 1024;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly EndpointClient _client;
    private readonly Uri _address;
    private readonly SemaphoreSlim _places;
    private readonly ILogger<TokenReviewClient> _logger;

    public TokenReviewClient(TokenReviewOptions options, TimeProvider time, ILogger<TokenReviewClient> logger)
    {
        _client = new EndpointClient(options.CaFile, options.TokenFile, options.Timeout, time);
        _address = new Uri(options.ApiServer.TrimEnd('/') + "/apis/authentication.k8s.io/v1/tokenreviews");
        _places = new SemaphoreSlim(options.MaxConcurrent);
        _logger = logger;
    }

    public async ValueTask<AuthenticationResult> ReviewAsync(InspectedToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!_places.Wait(0, CancellationToken.None))
        {
            return TokenRefusals.ReviewUnavailable(RetryAfter, "too many reviews are under way");
        }

        try
        {
            var (status, answer) = await AskAsync(token, cancellationToken).ConfigureAwait(false);
            if (status is not (HttpStatusCode.OK or HttpStatusCode.Created))
            {
                throw new SourceUnavailableException($"the API server answered HTTP {(int)status}");
            }

            return TokenReviewStatus.Read(answer, token, out var pod) is { } fault
                ? TokenRefusals.For(fault)
                : pod!.ToCaller(token.Source, now);
        }
        catch (SourceUnavailableException e)
        {
            LogUnavailable(token.Source.Name, e.Message);
            return TokenRefusals.ReviewUnavailable(RetryAfter, e.Message);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _places.Dispose();
    }

    private async Task<(HttpStatusCode Status, byte[] Body)> AskAsync(InspectedToken token, CancellationToken cancellationToken)
    {
        var body = new ArrayBufferWriter<byte>(token.Text.Length + 256);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("apiVersion"u8, "authentication.k8s.io/v1"u8);
            json.WriteString("kind"u8, "TokenReview"u8);
            json.WriteStartObject("spec"u8);
            json.WriteString("token"u8, token.Text);
            json.WriteStartArray("audiences"u8);
            json.WriteStringValue(token.Source.Audience);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ReadOnlyMemoryContent(body.WrittenMemory) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Accept.ParseAdd("application/json");
        return await _client.SendAsync(request, MaxAnswer, cancellationToken).ConfigureAwait(false);
    }

    [LoggerMessage(4111, LogLevel.Warning, "Token issuer {Source}: a token could not be reviewed: {Reason}")]
    private partial void LogUnavailable(string source, string reason);
}
