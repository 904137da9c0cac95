using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Solo;

/// <summary>An object that grains call back. It gets one call at a time, and is held weakly: its owner keeps it alive.</summary>
internal sealed class Observer
{
    private readonly WeakReference<IGrainObserver> _object;
    private readonly Channel<Request> _calls;
    private readonly GrainId _id;
    private readonly ILogger _logger;

    public Observer(IGrainObserver observed, GrainId id, int bound, ILogger logger)
    {
        (_object, _id, _logger) = (new(observed), id, logger);
        _calls = Channel.CreateBounded<Request>(new BoundedChannelOptions(bound) { SingleReader = true });
        _ = Flow.Without(() => Task.Run(PumpAsync));
    }

    public bool IsAlive => _object.TryGetTarget(out _);

    public void Enqueue(Request request)
    {
        if (!_calls.Writer.TryWrite(request))
        {
            request.Fail(new LimitExceededException($"Observer {_id} is closed, or has too many calls waiting."));
        }
    }

    public void Close() => _calls.Writer.TryComplete();

    private async Task PumpAsync()
    {
        await foreach (var request in _calls.Reader.ReadAllAsync())
        {
            try
            {
                var target = _object.TryGetTarget(out var found) ? found : throw new OrleansException($"Observer {_id} is gone.");
                await request.RunAsync(target, null);
            }
            catch (Exception failure)
            {
                if (request.IsOneWay)
                {
                    SoloLog.UnansweredFailure(_logger, failure, request.Name, _id);
                }

                request.Fail(failure);
            }
        }
    }
}
