namespace MeshGrains.Grains;

/// <summary>Holds the snapshot that this silo issues from; the CA's lifecycle swaps it, everyone else reads.</summary>
public sealed class IssuerSource
{
    private IssuerSnapshot? _current;

    /// <summary>Raised after each swap.</summary>
    public event Action<IssuerSnapshot?>? Changed;

    public IssuerSnapshot? Current => Volatile.Read(ref _current);

    /// <summary>Why there is no issuer, in words; meaningful while <see cref="Current"/> is null.</summary>
    public string WaitingFor { get; internal set; } = "no issuing CA was asked for yet";

    internal void Swap(IssuerSnapshot? next)
    {
        Volatile.Write(ref _current, next);
        Changed?.Invoke(next);
    }
}
