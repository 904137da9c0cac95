using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.WorkloadApi;

/// <summary>The JWT methods, honestly: the header and the arguments are checked as the specification has it, and then there is nothing to give.</summary>
internal sealed class JwtHandlers(CallerSource callers)
{
    public async ValueTask<JWTSVIDResponse> FetchSvidAsync(JWTSVIDRequest request, RpcServerContext context)
    {
        _ = await callers.OfWorkloadApiAsync(context);
        return request.Audience.Count == 0 || request.Audience.Any(string.IsNullOrEmpty) ? throw Missing("audience") : throw NotYet();
    }

    public async Task FetchBundlesAsync(JWTBundlesRequest request, RpcResponseWriter<JWTBundlesResponse> responses, RpcServerContext context)
    {
        _ = await callers.OfWorkloadApiAsync(context);
        throw NotYet();
    }

    public async ValueTask<ValidateJWTSVIDResponse> ValidateAsync(ValidateJWTSVIDRequest request, RpcServerContext context)
    {
        _ = await callers.OfWorkloadApiAsync(context);
        throw request.Audience.Length == 0 ? Missing("audience") : request.Svid.Length == 0 ? Missing("svid") : NotYet();
    }

    private static RpcException Missing(string field) => new(RpcStatusCode.InvalidArgument, $"'{field}' must be given.");

    private static RpcException NotYet() => new(RpcStatusCode.Unimplemented, "This trust domain issues no JWT-SVIDs.");
}
