namespace MeshGrains.Grains;

/// <summary>A pause that others may cut short. One call does for many: who pauses is about to look at everything.</summary>
public sealed class WakeUp : IDisposable
{
    private readonly SemaphoreSlim _calls = new(0, 1);

    /// <summary>Ends the pause that is under way, or the next one at its beginning. Never fails, also when the one who pauses is gone.</summary>
    public void Call()
    {
        try
        {
            // Called often, mostly for one who is awake: no exception for that.
            if (_calls.CurrentCount == 0)
            {
                _calls.Release();
            }
        }
        catch (Exception noNeed) when (noNeed is SemaphoreFullException or ObjectDisposedException)
        {
            // It is awake already, or the process ends.
        }
    }

    /// <summary>Whether somebody called since the last pause; the next one then lasts its time.</summary>
    public bool TryTake() => _calls.Wait(0, CancellationToken.None);

    /// <summary>Ends after <paramref name="duration"/>, at a call, or at the cancellation, which does not throw.</summary>
    public async Task PauseAsync(TimeProvider time, TimeSpan duration, CancellationToken cancellationToken)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(time.PauseAsync(duration, wait.Token), _calls.WaitAsync(wait.Token));
        await wait.CancelAsync();
    }

    public void Dispose() => _calls.Dispose();
}
