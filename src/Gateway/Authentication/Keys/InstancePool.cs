namespace MeshGrains.Gateway;

/// <summary>
/// A few instances of a costly object, lent one caller at a time. An empty pool makes another one; more than the pool holds are dropped.
/// </summary>
internal sealed class InstancePool<T>(Func<T> make)
    where T : class, IDisposable
{
    private readonly T?[] _idle = new T?[Math.Clamp(Environment.ProcessorCount, 2, 32)];

    public T Rent()
    {
        for (var i = 0; i < _idle.Length; i++)
        {
            if (_idle[i] is not null && Interlocked.Exchange(ref _idle[i], null) is { } instance)
            {
                return instance;
            }
        }

        return make();
    }

    public void Return(T instance)
    {
        for (var i = 0; i < _idle.Length; i++)
        {
            if (Interlocked.CompareExchange(ref _idle[i], instance, null) is null)
            {
                return;
            }
        }

        instance.Dispose();
    }
}
