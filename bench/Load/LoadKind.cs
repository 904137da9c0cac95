namespace MeshGrains.Bench;

/// <summary>What the load generator speaks.</summary>
internal enum LoadKind
{
    /// <summary>CreateCertificate over gRPC and TLS 1.3.</summary>
    Grpc,

    /// <summary>cfssl's <c>/api/v1/cfssl/sign</c> over plain HTTP/1.1.</summary>
    Cfssl,
}
