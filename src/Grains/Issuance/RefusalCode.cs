namespace MeshGrains.Grains;

/// <summary>Why a request was refused, in the terms that gRPC and HTTP share.</summary>
public enum RefusalCode
{
    /// <summary>gRPC 3, HTTP 400.</summary>
    InvalidArgument,

    /// <summary>gRPC 16, HTTP 401.</summary>
    Unauthenticated,

    /// <summary>gRPC 7, HTTP 403.</summary>
    PermissionDenied,

    /// <summary>gRPC 5, HTTP 404.</summary>
    NotFound,

    /// <summary>gRPC 10, HTTP 409.</summary>
    Conflict,

    /// <summary>gRPC 8, HTTP 429; may be retried.</summary>
    ResourceExhausted,

    /// <summary>gRPC 14, HTTP 503; may be retried.</summary>
    Unavailable,

    /// <summary>gRPC 13, HTTP 500.</summary>
    Internal,
}
