using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Relay;

/// <summary>A whole answer in memory, so that it can be judged before anything of it leaves.</summary>
internal sealed class BufferedAnswer
{
    /// <summary>More than any certificate chain with its bundle has.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const string GrpcUnavailable = "14";

    private readonly HttpStatusCode _status;
    private readonly HttpResponseHeaders _headers;
    private readonly HttpContentHeaders _contentHeaders;
    private readonly HttpResponseHeaders _trailers;
    private readonly byte[] _body;

    private BufferedAnswer(HttpResponseMessage answer, byte[] body)
        => (_status, _headers, _contentHeaders, _trailers, _body) = (answer.StatusCode, answer.Headers, answer.Content.Headers, answer.TrailingHeaders, body);

    /// <summary>The silo refused for the moment: HTTP 503, or gRPC UNAVAILABLE without a message. No certificate left it; a record in the log may have been made.</summary>
    public bool IsUnavailable => _status == HttpStatusCode.ServiceUnavailable || (_body.Length == 0 && GrpcStatus == GrpcUnavailable);

    public string Result => GrpcStatus is { } status ? "grpc_" + status : "http_" + ((int)_status).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private string? GrpcStatus => Value(_trailers) ?? Value(_headers);

    /// <exception cref="HttpRequestException">The link broke, or the answer is too large.</exception>
    public static async Task<BufferedAnswer> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, cancellationToken) is var read && read > 0)
        {
            if (body.Length + read > MaxBytes)
            {
                throw new HttpRequestException($"The silo's answer is larger than {MaxBytes} bytes.");
            }

            body.Write(buffer, 0, read);
        }

        return new BufferedAnswer(answer, body.ToArray());
    }

    public async Task WriteAsync(HttpContext http)
    {
        RelayMessage.BeginAnswer(http, (int)_status, _headers, _contentHeaders);
        if (_body.Length > 0)
        {
            await http.Response.Body.WriteAsync(_body, http.RequestAborted);
        }

        RelayMessage.EndAnswer(http, _trailers);
    }

    private static string? Value(HttpResponseHeaders headers) =>
        headers.NonValidated.TryGetValues("grpc-status", out var values) && values.Count == 1 ? values.ToString() : null;
}
