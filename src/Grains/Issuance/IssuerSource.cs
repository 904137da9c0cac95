namespace MeshGrains.Grains;

/// <summary>Holds the snapshot that this silo issues from; the CA's lifecycle swaps it, everyone else reads.</summary>
public sealed class IssuerSource
{
    private readonly Lock _gate = new();
    private IssuerSnapshot? _current;
    private TrustDomainView? _view;

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
            // The bundle may have moved on while the CA was on its way.
            var newest = next is not null && _view is { } view && view.BundleNumber > next.BundleNumber ? IssuerSnapshots.WithBundle(next, view) : next;
            Volatile.Write(ref _current, newest);
            Changed?.Invoke(newest);
        }
    }

    /// <summary>Goes on issuing from the same CA with a newer bundle; an older one changes nothing.</summary>
    internal bool Show(TrustDomainView view)
    {
        lock (_gate)
        {
            if (view.BundleNumber > (_view?.BundleNumber ?? 0))
            {
                _view = view;
            }

            if (_current is not { } current || view.BundleNumber <= current.BundleNumber)
            {
                return false;
            }

            Swap(current);
            return true;
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
