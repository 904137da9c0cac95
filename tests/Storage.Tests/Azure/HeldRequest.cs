namespace MeshGrains.Storage.Tests;

/// <summary>A request that waits, before it is sent, until the test lets it go.</summary>
internal sealed class HeldRequest : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reached => _reached.Task.WaitAsync(Patience);

    public Task WaitAsync()
    {
        _reached.TrySetResult();
        return _released.Task.WaitAsync(Patience);
    }

    public void Release() => _released.TrySetResult();

    public void Dispose() => Release();
}
