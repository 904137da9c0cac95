using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Svids;

/// <summary>
/// All that the agent serves from, at one moment; swapped whole. <paramref name="Reissues"/>: authorities to which nothing shall chain any more, and the time over
/// which that is replaced.
/// </summary>
internal sealed record AgentSnapshot(
    TrustDomain TrustDomain, bool IsSynced, EntrySet Entries, ImmutableDictionary<string, WorkloadSvid> Svids,
    ImmutableDictionary<string, TrustBundle> Bundles, ImmutableHashSet<string> TaintedAuthorities, long DenialNumber,
    ImmutableDictionary<string, TimeSpan> Reissues)
{
    private readonly TaskCompletionSource _changed = NewSignal();

    /// <summary>Completes when there is a newer one.</summary>
    public Task Changed => _changed.Task;

    /// <summary>The own trust domain's revocation lists; null while the control plane has not told whether there are any.</summary>
    public CrlSet? Crls { get; init; }

    public TrustBundle? OwnBundle => Bundles.GetValueOrDefault(TrustDomain.Name);

    /// <summary>The number of the own trust domain's bundle; 0 before the first.</summary>
    public long BundleNumber => OwnBundle?.Number ?? 0;

    public static AgentSnapshot Of(TrustDomain trustDomain, TrustBundle bootstrap) => new(
        trustDomain, false, EntrySet.Empty, ImmutableDictionary.Create<string, WorkloadSvid>(StringComparer.Ordinal),
        ImmutableDictionary.Create<string, TrustBundle>(StringComparer.Ordinal).Add(trustDomain.Name, bootstrap),
        ImmutableHashSet.Create<string>(StringComparer.Ordinal), -1, ImmutableDictionary.Create<string, TimeSpan>(StringComparer.Ordinal));

    internal void Supersede() => _changed.TrySetResult();

    // A copy is a new moment: it must not share the signal of the old one.
    private AgentSnapshot(AgentSnapshot other)
    {
        _changed = NewSignal();
        (TrustDomain, IsSynced, Entries, Svids, Bundles, TaintedAuthorities, DenialNumber, Reissues, Crls) =
            (other.TrustDomain, other.IsSynced, other.Entries, other.Svids, other.Bundles, other.TaintedAuthorities, other.DenialNumber, other.Reissues, other.Crls);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
