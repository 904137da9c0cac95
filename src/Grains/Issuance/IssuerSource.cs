namespace MeshGrains.Grains;

/// <summary>Holds the snapshot that this silo issues from; the CA's lifecycle swaps it, everyone else reads.</summary>
public sealed class IssuerSource
{
    private readonly Lock _gate = new();
    private IssuerSnapshot? _current;
    private TrustDomainView? _view;
    private IssuerSnapshot? _former;
    private string? _servingRoot;

    /// <summary>Raised after each swap, one at a time.</summary>
    public event Action<IssuerSnapshot?>? Changed;

    /// <summary>Raised with each newer view of the trust domain that this silo was shown.</summary>
    internal event Action<TrustDomainView>? Viewed;

    /// <summary>Raised after a snapshot was dropped, or shown to be under what gives way, so that another CA is asked for.</summary>
    internal event Action? Dropped;

    public IssuerSnapshot? Current => Volatile.Read(ref _current);

    /// <summary>The trust domain as this silo last heard of it; null before. It may be newer than what is issued with.</summary>
    public TrustDomainView? Known
    {
        get
        {
            lock (_gate)
            {
                return _view;
            }
        }
    }

    /// <summary>
    /// The trust bundle by which this silo does everything: what it signs is signed under an issuing CA that the bundle still wants, delivered with it, and
    /// its gateway's own certificate chains to the root that it names. Null before there is an issuing CA.
    /// </summary>
    public long? ConfirmedBundle
    {
        get
        {
            lock (_gate)
            {
                if (_current is not { } current || _view is not { } view)
                {
                    return _current?.BundleNumber;
                }

                // The number just below says: all but what that bundle asks for.
                var missed = GivesWay ? view.IssuersFrom
                    : view.Rotation is { Phase: RotationPhase.Retire } && _servingRoot is { } serving && serving != view.ServingRootAuthorityId ? view.BundleNumber
                    : long.MaxValue;
                return Math.Min(current.BundleNumber, missed - 1);
            }
        }
    }

    /// <summary>Whether the trust domain wants the issuing CA replaced now.</summary>
    internal bool GivesWay
    {
        get
        {
            lock (_gate)
            {
                return _current is { } current && _view is { } view && current.IssuerBundleNumber < view.IssuersFrom;
            }
        }
    }

    /// <summary>
    /// What the gateway's own certificate is issued from: this silo's issuing CA of before the rotation while the trust domain wants gateways to chain to
    /// the former root, otherwise the current one.
    /// </summary>
    internal IssuerSnapshot? Serving
    {
        get
        {
            lock (_gate)
            {
                return _former is { } former && _current is { } current && current.RootAuthorityId != _view?.ServingRootAuthorityId
                    && former.RootAuthorityId == _view?.ServingRootAuthorityId ? former : _current;
            }
        }
    }

    /// <summary>The gateway's own certificate chains to this root from now on.</summary>
    internal void Serves(string rootAuthorityId)
    {
        lock (_gate)
        {
            _servingRoot = rootAuthorityId;
        }
    }

    /// <summary>The issuing CA of before takes no more records.</summary>
    internal void ForgetFormer(string authorityId)
    {
        lock (_gate)
        {
            _former = _former?.AuthorityId == authorityId ? null : _former;
        }
    }

    /// <summary>Why there is no issuer, in words; meaningful while <see cref="Current"/> is null.</summary>
    public string WaitingFor { get; internal set; } = "no issuing CA was asked for yet";

    internal void Swap(IssuerSnapshot? next)
    {
        lock (_gate)
        {
            // The bundle may have moved on while the CA was on its way.
            var newest = next is not null && _view is { } view && view.BundleNumber > next.BundleNumber ? IssuerSnapshots.WithBundle(next, view) : next;
            _former = newest is null ? null : _current is { } before && before.RootAuthorityId != newest.RootAuthorityId ? before : _former;
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
                Viewed?.Invoke(view);
            }

            if (_current is not { } current || view.BundleNumber <= current.BundleNumber)
            {
                return false;
            }

            Swap(current);
            if (current.IssuerBundleNumber >= view.IssuersFrom)
            {
                return true;
            }
        }

        // Not dropped: until the next one is there, what stands goes on.
        Dropped?.Invoke();
        return true;
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
