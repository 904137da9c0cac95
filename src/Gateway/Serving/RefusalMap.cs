using MeshGrains.Gateway.Rest;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Serving;

/// <summary>What the product's refusals and failures are on the wire.</summary>
internal static class RefusalMap
{
    public static int HttpStatus(RefusalCode code) => code switch
    {
        RefusalCode.InvalidArgument => StatusCodes.Status400BadRequest,
        RefusalCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        RefusalCode.PermissionDenied => StatusCodes.Status403Forbidden,
        RefusalCode.NotFound => StatusCodes.Status404NotFound,
        RefusalCode.Conflict => StatusCodes.Status409Conflict,
        RefusalCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        RefusalCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    public static RpcStatusCode RpcStatus(RefusalCode code) => code switch
    {
        RefusalCode.InvalidArgument => RpcStatusCode.InvalidArgument,
        RefusalCode.Unauthenticated => RpcStatusCode.Unauthenticated,
        RefusalCode.PermissionDenied => RpcStatusCode.PermissionDenied,
        RefusalCode.NotFound => RpcStatusCode.NotFound,
        RefusalCode.Conflict => RpcStatusCode.Aborted,
        RefusalCode.ResourceExhausted => RpcStatusCode.ResourceExhausted,
        RefusalCode.Unavailable => RpcStatusCode.Unavailable,
        _ => RpcStatusCode.Internal,
    };

    /// <summary>
    /// A refusal for an exception that a port or grain threw; null for one that nobody foresaw. Texts of unforeseen failures stay in the log.
    /// </summary>
    public static Refusal? Of(Exception exception) => exception switch
    {
        RefusedException refused => refused.Refusal,
        GrainOperationException refused => refused.ToRefusal(),
        IssuanceLogUnavailableException => new Refusal(
            RefusalCode.Unavailable, "log_unavailable", "The issuance log cannot be used right now; try again.", exception.Message, TimeSpan.FromSeconds(1)),
        StoreUnavailableException => new Refusal(
            RefusalCode.Unavailable, "store_unavailable", "The store cannot be used right now; try again shortly.", exception.Message, TimeSpan.FromSeconds(1)),
        RecordKeyUnavailableException => new Refusal(
            RefusalCode.Unavailable, "record_key_unavailable", "The key manager has not answered since this silo started; try again.", null, TimeSpan.FromSeconds(2)),
        RecordConflictException => new Refusal(
            RefusalCode.Conflict, "conflict", "The record was changed meanwhile, or one like it exists; read it again and decide anew.", exception.Message),
        RecordTamperedException => new Refusal(
            RefusalCode.Internal, "record_tampered", "A stored record failed its check and is not used; the log tells which.", exception.Message),
        _ => null,
    };

    /// <summary>For whatever nobody foresaw.</summary>
    public static Refusal Unforeseen { get; } = new(
        RefusalCode.Internal, "internal", "The request failed for a reason of the server's own; its log tells more under the request id.");
}
