namespace MeshGrains.Grains;

/// <summary>Holds the snapshot that this silo issues from; the CA's lifecycle swaps it, everyone else reads.</summary>
public sealed class IssuerSource
{
    private readonly Lock _gate = new();
    private IssuerSnapshot? _current;

    /// <summary>Raised after each swap, one at a time.</summary>
    public event Action<IssuerSnapshot?>? Changed;

    /// <summary>Raised after a snapshot was dropped, so that another CA is asked for.</summary>
    internal event Action? Dropped;

    public IssuerSnapshot? Current => Volatile.Read(ref _current);

    /// <summary>Why there is no issuer, in words; meaningful while <see cref="Current"/> is null.</summary>
    public string WaitingFor { get; internal set; } = "no issuing CA was asked for yet";

    internal void Swap(IssuerSnapshot? next)
    {
        lock (_gate)
        {
            Volatile.Write(ref _current, next);
            Changed?.Invoke(next);
        }
    }

    /// <summary>Takes an issuing CA out of use for good; false when this silo issues from another one by now.</summary>
    internal bool Drop(string authorityId, string why)
    {
        lock (_gate)
        {
            if (_current?.AuthorityId != authorityId)
            {
                return false;
            }

            WaitingFor = why;
            Swap(null);
        }

        Dropped?.Invoke();
        return true;
    }
}
