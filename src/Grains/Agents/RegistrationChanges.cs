namespace MeshGrains.Grains;

/// <summary>
/// Tells this process which parent's entries changed, right after the write. Another silo hears nothing of it: who needs to know for certain
/// reads again from time to time.
/// </summary>
public sealed class RegistrationChanges
{
    /// <summary>With the parent's SPIFFE ID; raised on the thread of the change, so handlers only signal.</summary>
    public event Action<string>? Changed;

    public void Raise(string parentId) => Changed?.Invoke(parentId);
}
