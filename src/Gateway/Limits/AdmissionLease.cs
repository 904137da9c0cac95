namespace MeshGrains.Gateway;

/// <summary>A place in the gateway, held by one call and given back when it is disposed; disposing again does nothing.</summary>
public abstract class AdmissionLease : IDisposable
{
    /// <summary>A place that was never counted, for callers outside the limits such as the local operator.</summary>
    public static AdmissionLease Uncounted { get; } = new Nothing();

    /// <inheritdoc />
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    protected abstract void Release();

    private sealed class Nothing : AdmissionLease
    {
        protected override void Release()
        {
        }
    }
}
