using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using MeshGrains.Rpc.Wire;

namespace MeshGrains.Rpc.Client;

/// <summary>What a client makes of what came back: gRPC's status, or the one that stands for an HTTP answer or a broken connection.</summary>
internal static class ClientStatus
{
    /// <summary>Null when the headers carry no <c>grpc-status</c>.</summary>
    public static (RpcStatusCode Code, string Detail)? Read(HttpHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("grpc-status", out HeaderStringValues values))
        {
            return null;
        }

        RpcStatusCode code = int.TryParse(values.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= 16
            ? (RpcStatusCode)number
            : RpcStatusCode.Unknown;
        string detail = headers.NonValidated.TryGetValues("grpc-message", out HeaderStringValues message) ? GrpcMessage.Decode(message.ToString()) : string.Empty;
        return (code, detail);
    }

    /// <summary>As gRPC's "HTTP to gRPC status code mapping" has it.</summary>
    public static RpcException OfHttp(HttpStatusCode status) => new(
        status switch
        {
            HttpStatusCode.BadRequest => RpcStatusCode.Internal,
            HttpStatusCode.Unauthorized => RpcStatusCode.Unauthenticated,
            HttpStatusCode.Forbidden => RpcStatusCode.PermissionDenied,
            HttpStatusCode.NotFound => RpcStatusCode.Unimplemented,
            HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout
                => RpcStatusCode.Unavailable,
            _ => RpcStatusCode.Unknown,
        },
        $"The server answered with HTTP status {(int)status} and no gRPC status.");

    /// <summary>The status of a call whose connection or stream broke.</summary>
    public static RpcException OfTransport(Exception exception)
    {
        for (Exception? inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (inner is HttpProtocolException protocol)
            {
                return new RpcException(OfHttp2Error(protocol.ErrorCode), $"The HTTP/2 stream broke: {protocol.Message}", innerException: exception);
            }
        }

        return exception is HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded }
            ? new RpcException(RpcStatusCode.ResourceExhausted, "The response headers are larger than the channel takes.", innerException: exception)
            : new RpcException(RpcStatusCode.Unavailable, exception.Message, innerException: exception);
    }

    public static RpcMetadata ReadMetadata(HttpHeaders headers)
    {
        var metadata = new RpcMetadata();
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            if (MetadataNames.IsReserved(name))
            {
                continue;
            }

            string key = name.ToLowerInvariant();
            bool binary = MetadataNames.IsBinary(key);
            foreach (string value in values)
            {
                if (!binary)
                {
                    metadata.AddReserved(key, value);
                }
                else
                {
                    // What is not base64 is left out: it must not hide the status it came with.
                    BinaryHeader.TryAdd(metadata, key, value);
                }
            }
        }

        return metadata;
    }

    public static void Write(RpcMetadata metadata, HttpRequestHeaders headers)
    {
        foreach (RpcMetadataEntry entry in metadata)
        {
            headers.TryAddWithoutValidation(entry.Key, entry.Text ?? BinaryHeader.Encode(entry.Binary));
        }
    }

    // PROTOCOL-HTTP2.md, "Errors".
    private static RpcStatusCode OfHttp2Error(long code) => code switch
    {
        0x7 => RpcStatusCode.Unavailable,
        0x8 => RpcStatusCode.Cancelled,
        0xb => RpcStatusCode.ResourceExhausted,
        0xc => RpcStatusCode.PermissionDenied,
        _ => RpcStatusCode.Internal,
    };
}
