namespace MeshGrains.Rpc;

/// <summary>The response of a unary call with the metadata around it.</summary>
public sealed record RpcReply<TResponse>(TResponse Message, RpcMetadata Headers, RpcMetadata Trailers);
