namespace MeshGrains.Grains;

/// <summary>The orders of two origins: tainted authorities of the denial set that are to be replaced over a time, and what the trust domain's state tells.</summary>
public sealed class ReissueOrders : IReissueOrders
{
    private readonly DenialReplica _denials;
    private IReadOnlyList<ReissueOrder> _ofTrustDomain = [];
    private Combined _combined = new(null, [], []);

    public ReissueOrders(DenialReplica denials, IssuerSource issuers)
    {
        _denials = denials;
        issuers.Viewed += view => Show(RotationDecisions.Reissues(view));
        if (issuers.Known is { } seen)
        {
            Show(RotationDecisions.Reissues(seen));
        }
    }

    public event Action? Changed;

    /// <summary>Made when it is read: whoever was woken by a denial finds the order that belongs to it.</summary>
    public IReadOnlyList<ReissueOrder> Current
    {
        get
        {
            var (denied, ofTrustDomain, known) = (_denials.Current, Volatile.Read(ref _ofTrustDomain), Volatile.Read(ref _combined));
            if (known.Number == denied?.Number && ReferenceEquals(known.OfTrustDomain, ofTrustDomain))
            {
                return known.Orders;
            }

            // Where both name an authority, the shorter time holds.
            IReadOnlyList<ReissueOrder> orders =
            [
                .. ofTrustDomain.Concat(denied?.Reissues ?? [])
                    .GroupBy(order => order.AuthorityId, StringComparer.Ordinal)
                    .Select(same => same.MinBy(order => order.OverSeconds)!)
                    .OrderBy(order => order.AuthorityId, StringComparer.Ordinal),
            ];
            orders = orders.SequenceEqual(known.Orders) ? known.Orders : orders;
            Volatile.Write(ref _combined, new Combined(denied?.Number, ofTrustDomain, orders));
            return orders;
        }
    }

    /// <summary>What the trust domain wants replaced, all of it; called with each view of its state.</summary>
    public void Show(IReadOnlyList<ReissueOrder> ofTrustDomain)
    {
        if (!ofTrustDomain.SequenceEqual(Volatile.Read(ref _ofTrustDomain)))
        {
            Volatile.Write(ref _ofTrustDomain, [.. ofTrustDomain]);
            Changed?.Invoke();
        }
    }

    private sealed record Combined(long? Number, IReadOnlyList<ReissueOrder> OfTrustDomain, IReadOnlyList<ReissueOrder> Orders);
}
