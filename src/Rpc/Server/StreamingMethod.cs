using Microsoft.AspNetCore.Http;

namespace MeshGrains.Rpc.Server;

/// <summary>The three kinds of method with a stream in them: they differ in <paramref name="serve"/> alone.</summary>
/// <param name="serve">Reads what it wants, writes what it has; the status follows when it ends.</param>
/// <param name="streamsRequests">Whether the client may send for longer than one message takes.</param>
internal sealed class StreamingMethod(
    string path, Func<RpcServerContext, Task> serve, bool streamsRequests, RpcMethodOptions options, IServiceProvider services)
    : RpcMethod(path, options, services)
{
    public override async Task InvokeAsync(HttpContext http)
    {
        RpcServerContext? context = Begin(http);
        if (context is null)
        {
            return;
        }

        try
        {
            if (streamsRequests)
            {
                LiftBodyLimits(http);
            }

            try
            {
                await serve(context);
            }
            finally
            {
                await context.LeaveRequests();
            }

            if (context.DeadlinePassed)
            {
                throw new RpcException(RpcStatusCode.DeadlineExceeded, "The deadline passed before the call was done.");
            }

            if (!http.Response.HasStarted)
            {
                await StartResponse(context);
            }

            CompleteOk(context);
        }
        catch (Exception exception)
        {
            Fail(context, exception);
        }
        finally
        {
            context.Finish();
        }
    }
}
