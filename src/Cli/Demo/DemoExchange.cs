namespace MeshGrains.Cli;

/// <summary>Questions and answers over one connection, one after another without a pause, until it is stopped.</summary>
internal sealed class DemoExchange
{
    private readonly Task _running;
    private volatile TaskCompletionSource _next = NewSignal();
    private volatile bool _stopping;
    private int _answered;

    private DemoExchange(DemoCall call, CancellationToken cancellationToken) => _running = RunAsync(call, cancellationToken);

    /// <summary>True when an answer was missing or wrong.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Answers so far, all of them right.</summary>
    public int Answered => Volatile.Read(ref _answered);

    public static DemoExchange Start(DemoCall call, CancellationToken cancellationToken) => new(call, cancellationToken);

    /// <summary>Waits until two more questions are answered, or the exchange has ended: the second was asked after this was called.</summary>
    public async Task GoOnAsync()
    {
        for (var answers = 0; answers < 2; answers++)
        {
            await Task.WhenAny(_next.Task, _running);
        }
    }

    /// <summary>Lets the question under way be answered, and ends.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        await _running;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync(DemoCall call, CancellationToken cancellationToken)
    {
        while (!_stopping && !IsBroken)
        {
            var question = $"message {_answered + 1}";
            if (await call.AskAsync(question, cancellationToken) == question)
            {
                Interlocked.Increment(ref _answered);
            }
            else
            {
                IsBroken = true;
            }

            var answered = _next;
            _next = NewSignal();
            answered.SetResult();
        }
    }
}
