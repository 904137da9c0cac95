namespace MeshGrains.Grains;

/// <summary>
/// Which parents' entries changed, told in this process: by its own writers right after the write, and by <see cref="RegistrationNewsLink"/> for what
/// other silos wrote. Handlers run on the thread of the change, so they only signal.
/// </summary>
public sealed class RegistrationChanges
{
    /// <summary>With the parent's SPIFFE ID; null when anyone's may have changed and nobody can tell whose.</summary>
    public event Action<string?>? Changed;

    /// <summary>With the parent's SPIFFE ID: changed by a writer of this process, and to be told to the others.</summary>
    internal event Action<string>? Written;

    /// <summary>A writer of this process changed entries of this parent.</summary>
    public void Raise(string parentId)
    {
        Changed?.Invoke(parentId);
        Written?.Invoke(parentId);
    }

    /// <summary>Another silo's change.</summary>
    internal void Take(string? parentId) => Changed?.Invoke(parentId);
}
