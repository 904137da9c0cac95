namespace MeshGrains.Gateway.Rest;

/// <summary>Makes a value at the first question and keeps it. A failure is not kept: the next question tries again.</summary>
internal sealed class MadeOnce<T>(Func<Task<T>> make)
{
    private readonly Lock _gate = new();
    private Task<T>? _value;

    public Task<T> GetAsync()
    {
        lock (_gate)
        {
            // Those that come while it is being made share the one attempt.
            return _value is null || _value.IsFaulted || _value.IsCanceled ? _value = make() : _value;
        }
    }
}
