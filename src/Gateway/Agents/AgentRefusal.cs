using System.Globalization;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;

namespace MeshGrains.Gateway.Agents;

/// <summary>Refusals as agents get them: the status, a sentence, the stable reason in <c>mesh-reason</c>, and when to come again.</summary>
internal static class AgentRefusal
{
    public const string ReasonHeader = "mesh-reason";
    public const string RetryHeader = "retry-after-ms";

    public static RpcException Of(Refusal refusal, string requestId)
    {
        var trailers = new RpcMetadata { { ReasonHeader, refusal.Reason } };
        if (refusal.RetryAfter is { } after)
        {
            trailers.Add(RetryHeader, ((long)Math.Ceiling(after.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture));
        }

        return new RpcException(RefusalMap.RpcStatus(refusal.Code), $"{refusal.Message.TrimEnd('.')} (request {requestId})", trailers);
    }
}
