using System.Net;
using System.Net.Http.Headers;

namespace MeshGrains.Rpc.Tests;

/// <summary>Sends any bytes as the body of a gRPC request and tells what came back, below everything that a gRPC client would check.</summary>
internal static class RawCall
{
    public static async Task<RawAnswer> SendAsync(
        Uri server, string path, byte[] body, string? contentType = "application/grpc", Version? version = null, HttpMethod? method = null, params (string, string)[] headers)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var client = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, new Uri(server, path))
        {
            Version = version ?? HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (request.Method != HttpMethod.Get)
        {
            request.Content = new ByteArrayContent(body);
            if (contentType is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("content-type", contentType);
            }
        }

        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None);
        byte[] answer = await response.Content.ReadAsByteArrayAsync();
        return new RawAnswer(
            (int)response.StatusCode, Value(response.Headers, "grpc-status"), Value(response.TrailingHeaders, "grpc-status"),
            Value(response.Headers, "grpc-message") ?? Value(response.TrailingHeaders, "grpc-message"),
            Value(response.Headers, "grpc-accept-encoding"), response.Content.Headers.ContentType?.ToString(), answer);
    }

    /// <summary>A frame with this flag and declared length (that of the message unless told).</summary>
    public static byte[] Frame(ReadOnlySpan<byte> message, byte flag = 0, uint? length = null)
    {
        byte[] frame = new byte[5 + message.Length];
        frame[0] = flag;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length ?? (uint)message.Length);
        message.CopyTo(frame.AsSpan(5));
        return frame;
    }

    private static string? Value(HttpHeaders headers, string name) => headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(',', values) : null;
}
