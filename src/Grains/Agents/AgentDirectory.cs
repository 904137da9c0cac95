using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Agents by the log, the registrations and this silo's denial set; no grain call.</summary>
internal sealed class AgentDirectory(
    RegistrationResolver resolver, IRegistrationStore registrations, DenialReplica denials, RegistrationChanges changes,
    IOptions<TrustDomainOptions> trustDomain, TimeProvider time)
    : IAgentDirectory
{
    private static readonly Refusal Stale = new(
        RefusalCode.Unavailable, "denials_stale", "This silo may not know the newest denials; try again shortly.", RetryAfter: TimeSpan.FromSeconds(1));

    private static readonly Refusal NotAnAgent = new(
        RefusalCode.PermissionDenied, "not_an_agent", $"Only an identity below {AgentNames.Prefix} speaks for a node.");

    private Tuple<DenialSnapshot, IReadOnlyList<string>>? _tainted;

    public event Action<string?>? EntriesChanged
    {
        add => changes.Changed += value;
        remove => changes.Changed -= value;
    }

    public event Action<DenialSnapshot>? DenialsChanged
    {
        add => denials.Changed += value;
        remove => denials.Changed -= value;
    }

    public long DenialNumber => denials.Current?.Number ?? -1;

    /// <summary>One list for all agents of a number of the set.</summary>
    public IReadOnlyList<string> TaintedAuthorities
    {
        get
        {
            if (denials.Current is not { } current)
            {
                return [];
            }

            var known = _tainted;
            if (known?.Item1.Number != current.Number)
            {
                _tainted = known = Tuple.Create<DenialSnapshot, IReadOnlyList<string>>(
                    current, [.. current.Subjects(DenialKind.TaintedAuthority).Order(StringComparer.Ordinal)]);
            }

            return known.Item2;
        }
    }

    public async ValueTask<(AgentStanding? Standing, Refusal? Refusal)> JudgeAsync(AuthenticatedCaller caller, CancellationToken cancellationToken)
    {
        if (caller is not { Kind: CallerKind.X509Svid, SpiffeId: { } id } || !AgentNames.IsAgent(id, trustDomain.Value.Name))
        {
            return (null, NotAnAgent);
        }

        // Before the registrations: a banned agent hears that it is banned, whatever else became of it.
        if (denials.Fresh is { } fresh && AgentDenials.CheckIdentity(id, fresh) is { } banned)
        {
            return (null, banned);
        }

        var found = await resolver.ResolveAsync(caller, wanted: null, cancellationToken);
        if (!found.Found)
        {
            return (null, found.Refusal.Reason == "not_registered" ? AgentDenials.EvictedAgent : found.Refusal);
        }

        if (!found.Registration.Reference.StartsWith(ResolvedRegistration.EntryPrefix, StringComparison.Ordinal) || found.Registration.ExpiresAt <= time.GetUtcNow())
        {
            return (null, AgentDenials.EvictedAgent);
        }

        var standing = new AgentStanding(id, found.Registration.RegistrationId, found.AttestedAt, found.PresentedIssuer);
        return Denied(standing) is { } denied ? (null, denied) : (standing, null);
    }

    public Refusal? Denied(AgentStanding standing) => denials.Fresh is { } fresh ? AgentDenials.Check(standing, fresh, time.GetUtcNow()) : Stale;

    public ValueTask<IReadOnlyList<RegistrationEntry>> EntriesAsync(string agentId, int limit, CancellationToken cancellationToken) =>
        registrations.FindEntriesByParentAsync(trustDomain.Value.Name, agentId, limit, cancellationToken);

    public IReadOnlyList<RegistrationEntry> Issuable(IReadOnlyList<RegistrationEntry> entries)
    {
        var now = time.GetUtcNow();
        var denied = denials.Current;
        return entries.All(May) ? entries : [.. entries.Where(May)];

        bool May(RegistrationEntry entry) => !entry.Selectors.IsEmpty
            && (entry.ExpiresAt is null || entry.ExpiresAt > now)
            && denied?.Contains(DenialKind.QuarantinedIdentity, entry.SpiffeId) != true
            && denied?.Contains(DenialKind.DeletedRegistration, entry.Id) != true;
    }
}
