using Google.Protobuf;

namespace MeshGrains.Rpc;

/// <summary>
/// A call that ends with a status other than OK. A server handler throws it to choose what the caller sees; a client call throws it for every failure.
/// </summary>
/// <remarks><see cref="Detail"/> goes to the caller in clear: it names no secret.</remarks>
public sealed class RpcException : Exception
{
    /// <summary>The trailer that carries a serialized <c>google.rpc.Status</c>.</summary>
    public const string StatusDetailsTrailer = "grpc-status-details-bin";

    /// <param name="statusCode">Anything but <see cref="RpcStatusCode.Ok"/>.</param>
    /// <param name="detail">What the caller may know.</param>
    /// <param name="trailers">Sent beside the status by a server; received beside it by a client.</param>
    /// <exception cref="ArgumentException">The code is <see cref="RpcStatusCode.Ok"/>.</exception>
    public RpcException(RpcStatusCode statusCode, string detail, RpcMetadata? trailers = null, Exception? innerException = null)
        : base(detail, innerException)
    {
        ArgumentNullException.ThrowIfNull(detail);
        if (statusCode == RpcStatusCode.Ok)
        {
            throw new ArgumentException("A failure cannot carry the status OK.", nameof(statusCode));
        }

        StatusCode = statusCode;
        Detail = detail;
        Trailers = trailers ?? new RpcMetadata();
    }

    public RpcStatusCode StatusCode { get; }

    public string Detail { get; }

    public RpcMetadata Trailers { get; }

    /// <summary>A failure whose trailers carry the whole <c>google.rpc.Status</c>, details included.</summary>
    public static RpcException WithDetails(Google.Rpc.Status status)
    {
        ArgumentNullException.ThrowIfNull(status);
        var trailers = new RpcMetadata();
        trailers.AddReserved(StatusDetailsTrailer, status.ToByteArray());
        return new RpcException((RpcStatusCode)status.Code, status.Message, trailers);
    }

    /// <summary>The <c>google.rpc.Status</c> of the trailers; null when there is none or it does not parse.</summary>
    public Google.Rpc.Status? GetStatusDetails()
    {
        if (Trailers.GetBinary(StatusDetailsTrailer) is not { } bytes)
        {
            return null;
        }

        try
        {
            return Google.Rpc.Status.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
