using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Svids;

/// <summary>
/// When a certificate is replaced because its chain leads through an authority that the control plane gave up: at once, or at a moment of its own within the
/// time that was told, so that those of a fleet make a slope. The moment follows from the certificate: asking again, or beginning anew, draws no other.
/// </summary>
internal sealed class ReissueSchedule(AgentState state, TimeProvider time)
{
    private const int MostKept = 50_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, DateTimeOffset> _seen = new(StringComparer.Ordinal);

    // By the memory that holds a certificate: it is never changed, and those of CAs are shared.
    private readonly Dictionary<ReadOnlyMemory<byte>, string> _issuers = [];
    private readonly Dictionary<ReadOnlyMemory<byte>, DateTimeOffset?> _moments = [];
    private ImmutableHashSet<string>? _tainted;
    private ImmutableDictionary<string, TimeSpan>? _orders;

    /// <summary>Null while nothing says that it be replaced before its time.</summary>
    public DateTimeOffset? MomentOf(ImmutableArray<ReadOnlyMemory<byte>> chain)
    {
        lock (_gate)
        {
            See(state.Current);
            if (_tainted!.IsEmpty && _orders!.IsEmpty)
            {
                return null;
            }

            if (!_moments.TryGetValue(chain[0], out var moment))
            {
                Bound(_moments);
                _moments[chain[0]] = moment = Moment(chain);
            }

            return moment;
        }
    }

    private DateTimeOffset? Moment(ImmutableArray<ReadOnlyMemory<byte>> chain)
    {
        DateTimeOffset? first = null;
        foreach (var certificate in chain)
        {
            var issuer = IssuerOf(certificate);
            DateTimeOffset? ordered = _orders!.TryGetValue(issuer, out var over) ? ReissueMoment.Of(_seen[issuer], over, chain[0].Span, issuer)
                : _tainted!.Contains(issuer) ? DateTimeOffset.MinValue : null;
            first = first is null || ordered < first ? ordered ?? first : first;
        }

        return first;
    }

    /// <summary>Time runs from when an order is first seen; one that ended and comes again begins anew.</summary>
    private void See(AgentSnapshot snapshot)
    {
        if (ReferenceEquals(_orders, snapshot.Reissues) && ReferenceEquals(_tainted, snapshot.TaintedAuthorities))
        {
            return;
        }

        (_orders, _tainted) = (snapshot.Reissues, snapshot.TaintedAuthorities);
        _moments.Clear();
        foreach (var ended in _seen.Keys.Where(authority => !_orders.ContainsKey(authority)).ToList())
        {
            _seen.Remove(ended);
        }

        var now = time.GetUtcNow();
        foreach (var authority in _orders.Keys)
        {
            _seen.TryAdd(authority, now);
        }
    }

    /// <summary>The key that signed it; empty when it does not tell.</summary>
    private string IssuerOf(ReadOnlyMemory<byte> certificate)
    {
        if (!_issuers.TryGetValue(certificate, out var issuer))
        {
            Bound(_issuers);
            _issuers[certificate] = issuer = ParsedCertificate.TryRead(certificate, out var read, out _) ? Convert.ToHexStringLower(read.AuthorityKeyIdentifier.Span) : "";
        }

        return issuer;
    }

    private static void Bound<T>(Dictionary<ReadOnlyMemory<byte>, T> kept)
    {
        if (kept.Count >= MostKept)
        {
            kept.Clear();
        }
    }
}
