using Google.Protobuf;
using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Rpc.Server;

/// <summary>
/// One message in, one out. The hot path of the product: a body that is there already and a handler that ends at once make no state machine.
/// </summary>
internal sealed class UnaryMethod<TRequest, TResponse>(
    string path,
    MessageParser<TRequest> parser,
    Func<TRequest, RpcServerContext, ValueTask<TResponse>> handler,
    RpcMethodOptions options,
    IServiceProvider services) : RpcMethod(path, options, services)
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private readonly SingleRequest<TRequest> _request = new(parser, options.MaxReceiveMessageBytes);

    public override Task InvokeAsync(HttpContext http)
    {
        RpcServerContext? context = Begin(http);
        if (context is null)
        {
            return Task.CompletedTask;
        }

        try
        {
            TRequest? request = _request.TryRead(http);
            if (request is null)
            {
                return ReadAndHandleAsync(context);
            }

            ValueTask<TResponse> pending = handler(request, context);
            if (!pending.IsCompletedSuccessfully)
            {
                return HandleAsync(pending, context);
            }

            Task started = StartReply(context);
            if (!started.IsCompletedSuccessfully)
            {
                return ReplyAsync(started, pending.Result, context);
            }

            Reply(pending.Result, context);
        }
        catch (Exception exception)
        {
            Fail(context, exception);
        }

        context.Finish();
        return Task.CompletedTask;
    }

    private static Task StartReply(RpcServerContext context)
    {
        // A reply that comes too late is no reply: the caller has been told DEADLINE_EXCEEDED by its own clock.
        if (context.DeadlinePassed)
        {
            throw new RpcException(RpcStatusCode.DeadlineExceeded, "The deadline passed before the call was done.");
        }

        return StartResponse(context);
    }

    private void Reply(TResponse response, RpcServerContext context)
    {
        Frames.Write(context.HttpContext.Response.BodyWriter, response, Options.MaxSendMessageBytes);
        CompleteOk(context);
    }

    private async Task ReadAndHandleAsync(RpcServerContext context)
    {
        try
        {
            TRequest request = await _request.ReadAsync(context.HttpContext, context.CancellationToken);
            TResponse response = await handler(request, context);
            await StartReply(context);
            Reply(response, context);
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

    private async Task HandleAsync(ValueTask<TResponse> pending, RpcServerContext context)
    {
        try
        {
            TResponse response = await pending;
            await StartReply(context);
            Reply(response, context);
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

    private async Task ReplyAsync(Task started, TResponse response, RpcServerContext context)
    {
        try
        {
            await started;
            Reply(response, context);
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
