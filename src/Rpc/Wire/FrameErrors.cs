namespace MeshGrains.Rpc.Wire;

/// <summary>The statuses that go with what is wrong in a stream of messages, as gRPC's specification assigns them.</summary>
internal static class FrameErrors
{
    public static RpcException Of(FrameStatus status, int maxMessageBytes, bool encodingDeclared) => status switch
    {
        FrameStatus.TooLarge => new RpcException(RpcStatusCode.ResourceExhausted, $"The message received is larger than the limit of {maxMessageBytes} bytes."),
        FrameStatus.Compressed when encodingDeclared => Unsupported(),
        FrameStatus.Compressed => new RpcException(RpcStatusCode.Internal, "The message is marked as compressed, but no grpc-encoding was declared."),
        FrameStatus.BadFlag => new RpcException(RpcStatusCode.Internal, "The message begins with a flag other than 0 and 1."),
        FrameStatus.Incomplete => new RpcException(RpcStatusCode.Internal, "The stream ended within a message."),
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    public static RpcException NoMessage() => new(RpcStatusCode.Unimplemented, "The stream ended without the one message that this method takes.");

    public static RpcException SecondMessage() => new(RpcStatusCode.Unimplemented, "More followed the one message that this method takes.");

    public static RpcException NotParsed(Exception inner) => new(RpcStatusCode.Internal, "The message is no valid protobuf of its type.", innerException: inner);

    private static RpcException Unsupported()
    {
        var trailers = new RpcMetadata();
        trailers.AddReserved("grpc-accept-encoding", "identity");
        return new RpcException(RpcStatusCode.Unimplemented, "Compressed messages are not supported.", trailers);
    }
}
