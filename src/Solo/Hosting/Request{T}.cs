namespace Orleans.Solo;

/// <summary>A call of an interface method whose answer is a <typeparamref name="T"/>.</summary>
#pragma warning disable CA1001 // A cancellation source without a timer holds nothing that needs disposal, and the grain may keep its token.
internal sealed class Request<T> : Request
{
    private readonly GrainMethod _method;
    private readonly object?[] _arguments;
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource? _cancellation;
    private readonly CancellationTokenRegistration _callerCancels;
    private TurnScheduler? _runsOn;

    private Request(GrainMethod method, object?[] arguments)
    {
        _method = method;
        _arguments = arguments;
        if (method.TokenIndex >= 0 && arguments[method.TokenIndex] is CancellationToken { CanBeCanceled: true } token)
        {
            _cancellation = new();
            arguments[method.TokenIndex] = _cancellation.Token;
            _callerCancels = token.UnsafeRegister(static (request, token) => ((Request<T>)request!).Cancel(token), this);
        }
    }

    public override string Name => _method.Name;

    public override bool IsCompleted => _answer.Task.IsCompleted;

    public override bool IsReadOnly => _method.IsReadOnly;

    public override bool IsOneWay => _method.IsOneWay;

    public override bool AlwaysInterleaves => _method.AlwaysInterleaves;

    public override object? Answer => (_method.ReturnsVoid, _method.ReturnsValueTask) switch
    {
        (true, _) => null,
        (_, false) => _method.IsOneWay ? Task.CompletedTask : _answer.Task,
        _ when typeof(T) == typeof(Nothing) => _method.IsOneWay ? ValueTask.CompletedTask : new ValueTask(_answer.Task),
        _ => new ValueTask<T>(_answer.Task),
    };

    public static Request Create(GrainMethod method, object?[] arguments) => new Request<T>(method, arguments);

    public override async Task RunAsync(object target, TurnScheduler? turns)
    {
        Interlocked.Exchange(ref _runsOn, turns);
        if (IsCompleted)
        {
            return;
        }

        T answer = default!;
        switch (_method.Invoke(target, _arguments))
        {
            case Task<T> task:
                answer = await task;
                break;
            case Task task:
                await task;
                break;
            case ValueTask<T> task:
                answer = await task;
                break;
            case ValueTask task:
                await task;
                break;
            case null when !_method.ReturnsVoid:
                throw new InvalidOperationException($"{Name} returned null in place of a task.");
        }

        if (_answer.TrySetResult(answer))
        {
            End();
        }
    }

    public override void Fail(Exception exception)
    {
        if (_answer.TrySetException(exception))
        {
            _ = _answer.Task.Exception;
            End();
        }
    }

    private void Cancel(CancellationToken token)
    {
        if (_answer.TrySetCanceled(token))
        {
            End();
        }

        // The grain hears of it in a turn of its own, as it would from afar.
        Volatile.Read(ref _runsOn)?.Post(static source => ((CancellationTokenSource)source!).Cancel(), _cancellation);
    }

    private void End()
    {
        _callerCancels.Unregister();
        Completed();
    }
}
