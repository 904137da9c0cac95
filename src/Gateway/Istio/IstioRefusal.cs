using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;

namespace MeshGrains.Gateway.Istio;

/// <summary>
/// Refusals in the words that istiod's clients know, each with its reason and the request id that finds the server's log line.
/// What may be tried again says when: <c>retry-after-ms</c> and <c>google.rpc.RetryInfo</c>.
/// </summary>
internal static class IstioRefusal
{
    public const string RetryHeader = "retry-after-ms";
    private const string AuthenticationFailure = "request authenticate failure";
    private const string ImpersonationFailure = "request impersonation authentication failure";
    private static readonly TimeSpan DefaultRetry = TimeSpan.FromMilliseconds(500);

    public static RpcException Of(Refusal refusal, string requestId)
    {
        var code = RefusalMap.RpcStatus(refusal.Code);
        var text = Text(refusal, requestId);
        if (refusal.Code is not (RefusalCode.ResourceExhausted or RefusalCode.Unavailable))
        {
            return new RpcException(code, text);
        }

        var retryAfter = refusal.RetryAfter ?? DefaultRetry;
        var status = new Status { Code = (int)code, Message = text };
        status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(retryAfter) }));
        var exception = RpcException.WithDetails(status);
        exception.Trailers.Add(RetryHeader, ((long)Math.Ceiling(retryAfter.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture));
        return exception;
    }

    private static string Text(Refusal refusal, string requestId)
    {
        var message = refusal.Message.TrimEnd('.');
        return refusal.Code switch
        {
            RefusalCode.Unauthenticated when StartsWithEither(message) => $"{message} (request {requestId})",
            RefusalCode.Unauthenticated => $"{AuthenticationFailure}: {message} (request {requestId})",
            RefusalCode.InvalidArgument or RefusalCode.Internal => $"CSR signing error ({message}; request {requestId})",
            _ => $"{message} (request {requestId})",
        };
    }

    private static bool StartsWithEither(string message)
        => message.StartsWith(AuthenticationFailure, StringComparison.Ordinal) || message.StartsWith(ImpersonationFailure, StringComparison.Ordinal);
}
