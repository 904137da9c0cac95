using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>What a simulated holder keeps of its certificate: all that tells when it is replaced, and no key.</summary>
internal sealed class HeldCertificate
{
    private readonly byte[] _leaf;
    private readonly string[] _authorities;
    private DateTimeOffset? _ordered;

    /// <param name="leaf">DER.</param>
    /// <param name="authorities">The key that signed the leaf, then the one that signed each intermediate, lowercase hex.</param>
    /// <param name="now">When it came.</param>
    /// <param name="notAfter">Its end.</param>
    /// <param name="random">0 to 1: the half of its life is spread by a tenth of the life to either side, as agents have it.</param>
    public HeldCertificate(byte[] leaf, string[] authorities, DateTimeOffset now, DateTimeOffset notAfter, double random)
    {
        (_leaf, _authorities, NotAfter) = (leaf, authorities, notAfter);
        RenewAt = now + ((notAfter - now) * (0.4 + (0.2 * random)));
    }

    public DateTimeOffset NotAfter { get; }

    public DateTimeOffset RenewAt { get; }

    /// <summary>When it is replaced, and why.</summary>
    public (DateTimeOffset At, HolderCause Cause) Due => _ordered < RenewAt ? (_ordered.Value, HolderCause.Reissue) : (RenewAt, HolderCause.Renewal);

    /// <summary>The authority that its chain begins with.</summary>
    public string Root => _authorities[^1];

    /// <summary>Takes the orders that stand; each authority's with when it was first seen.</summary>
    public void Take(IReadOnlyDictionary<string, (DateTimeOffset Seen, TimeSpan Over)> orders)
    {
        _ordered = null;
        foreach (var authority in _authorities)
        {
            if (orders.TryGetValue(authority, out var order) && ReissueMoment.Of(order.Seen, order.Over, _leaf, authority) is var moment && !(_ordered < moment))
            {
                _ordered = moment;
            }
        }
    }
}
