namespace MeshGrains.LocalCluster;

/// <summary>A process that is started again whenever it ends, until it is stopped.</summary>
/// <param name="name">What it is called in what is told.</param>
/// <param name="start">Starts it and waits until it listens, where there is something to wait for.</param>
/// <param name="tell">Takes what a person should know: ends and failures.</param>
public sealed class SupervisedProcess(string name, Func<CancellationToken, Task<ChildProcess>> start, Action<string> tell) : IAsyncDisposable
{
    private readonly RestartPolicy _policy = new(Random.Shared.NextDouble);
    private readonly Lock _gate = new();
    private CancellationTokenSource? _wanted;
    private Task _running = Task.CompletedTask;
    private ChildProcess? _process;
    private string _lastOutput = "";
    private int _starts;
    private bool _held;
    private TaskCompletionSource _released = Completed();

    public string Name => name;

    public SupervisedState State { get; private set; }

    /// <summary>The living process; null when there is none.</summary>
    public ChildProcess? Process => _process is { HasExited: false } process ? process : null;

    public int? Id => Process?.Id;

    /// <summary>Starts in all.</summary>
    public int Starts => Volatile.Read(ref _starts);

    public int Restarts => Math.Max(0, Starts - 1);

    /// <summary>When it was last started.</summary>
    public DateTimeOffset Since { get; private set; }

    /// <summary>How it last ended; null when it never did.</summary>
    public string? LastEnd { get; private set; }

    /// <summary>The last lines that the last process printed.</summary>
    public string Output => _process?.Output ?? _lastOutput;

    /// <summary>While true an ended process is not started again: whoever killed it decides when it comes back.</summary>
    public bool Held
    {
        get => _held;
        set
        {
            lock (_gate)
            {
                if (_held == value)
                {
                    return;
                }

                _held = value;
                if (value)
                {
                    _released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
                else
                {
                    _released.TrySetResult();
                }
            }
        }
    }

    /// <summary>Starts it. What goes wrong with this first start is thrown, not tried again.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await StopAsync(TimeSpan.Zero);
        _wanted = new CancellationTokenSource();
        await LaunchAsync(cancellationToken);
        _running = Task.Run(() => KeepAsync(_wanted.Token), CancellationToken.None);
    }

    /// <summary>SIGTERM, SIGKILL after the patience; it is not started again.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (_wanted is null)
        {
            return;
        }

        await _wanted.CancelAsync();
        Thaw();
        if (_process is { } process)
        {
            await (patience > TimeSpan.Zero ? process.StopAsync(patience) : process.KillAsync());
        }

        await _running;
        if (_process is { } left)
        {
            (_lastOutput, _process) = (left.Output, null);
            await left.DisposeAsync();
        }

        _wanted.Dispose();
        _wanted = null;
        State = SupervisedState.Stopped;
    }

    /// <summary>SIGKILL; it is started again as after any other end.</summary>
    public async Task KillAsync()
    {
        if (Process is { } process)
        {
            await process.KillAsync();
        }
    }

    /// <summary>SIGTERM, and the wait until it has ended by itself; it is started again unless it is held.</summary>
    /// <returns>False when it did not end in time.</returns>
    public async Task<bool> DrainAsync(TimeSpan patience)
    {
        if (Process is not { } process)
        {
            return true;
        }

        Signals.Send(process.Id, Signals.Terminate);
        return await process.WaitAsync(patience);
    }

    /// <summary>SIGSTOP: it lives and does nothing.</summary>
    public void Freeze() => Send(Signals.Stop);

    public void Thaw() => Send(Signals.Continue);

    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero);

    private void Send(int signal)
    {
        if (Process is { } process)
        {
            Signals.Send(process.Id, signal);
        }
    }

    private async Task LaunchAsync(CancellationToken cancellationToken)
    {
        var started = await start(cancellationToken);
        var before = _process;
        _process = started;
        Interlocked.Increment(ref _starts);
        Since = DateTimeOffset.UtcNow;
        State = SupervisedState.Running;
        if (before is not null)
        {
            await before.DisposeAsync();
        }
    }

    private async Task KeepAsync(CancellationToken stopped)
    {
        try
        {
            while (true)
            {
                await _process!.WaitForExitAsync(stopped);
                stopped.ThrowIfCancellationRequested();
                if (!await StartAgainAsync($"ended with {_process.ExitCode}", _process.ExitCode, stopped))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is not wanted any more.
        }
    }

    private async Task<bool> StartAgainAsync(string end, int exitCode, CancellationToken stopped)
    {
        while (true)
        {
            LastEnd = $"{end} after {(DateTimeOffset.UtcNow - Since).TotalSeconds:0} s";
            if (_policy.Next(exitCode, DateTimeOffset.UtcNow - Since) is not { } wait)
            {
                State = SupervisedState.Failed;
                tell($"{name} cannot work with its configuration and is not started again. It said:\n{Output}");
                return false;
            }

            State = SupervisedState.Waiting;
            tell($"{name} {LastEnd}; {(Held ? "held" : $"starting again in {wait.TotalSeconds:0.0} s")}");
            await _released.Task.WaitAsync(stopped);
            await Task.Delay(wait, stopped);
            try
            {
                await LaunchAsync(stopped);
                return true;
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                (end, exitCode) = ($"could not be started ({failure.Message})", 1);
            }
        }
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
