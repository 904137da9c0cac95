using System.Collections.Concurrent;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Finds what an authenticated caller is registered for. Token callers are found by their source and facts (entries first, then templates),
/// join tokens by their entry, and renewals by the record of the certificate that they present.
/// </summary>
internal sealed class RegistrationResolver(
    IRegistrationStore store,
    IIssuanceLog log,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<SvidOptions> options,
    IOptions<HomeOptions> home,
    TimeProvider time)
{
    private readonly RegistrationCache<(string Caller, string? Pod, string? Wanted)> _byCaller =
        new(options.Value.RegistrationCacheCapacity, options.Value.RegistrationCacheTtl, time);

    private readonly RegistrationCache<(string Reference, string Identity)> _byReference =
        new(options.Value.RegistrationCacheCapacity, options.Value.RegistrationCacheTtl, time);

    // Callers of one name that come together, as a herd after a silo's start does, share one look-up. As many as there are calls under way.
    private readonly ConcurrentDictionary<(string Caller, string? Pod, string? Wanted), Lazy<Task<RegistrationResult>>> _underWay = new();

    private string TrustDomainName => trustDomain.Value.Name;

    /// <summary>Why this cluster issues nothing to such an identity, whatever registers it; null when it may.</summary>
    public Refusal? Outside(SpiffeId id) => !home.Value.IsElsewhere || ClusterPaths.Allows(home.Value.AllowedPaths, id.Path) ? null : new Refusal(
        RefusalCode.PermissionDenied, "outside_cluster", "This identity lies outside of the paths that this cluster issues in.");

    /// <summary>Synchronous whenever the registration is cached.</summary>
    public ValueTask<RegistrationResult> ResolveAsync(AuthenticatedCaller caller, string? wanted, CancellationToken cancellationToken)
    {
        if (caller.Kind == CallerKind.KubernetesToken)
        {
            var key = (caller.Name, caller.Fact("k8s", "pod-uid"), wanted);
            return _byCaller.Find(key) is { } cached
                ? ValueTask.FromResult(new RegistrationResult(cached, caller.AttestedAt))
                : JoinAsync(key, caller, cancellationToken);
        }

        return caller.Kind switch
        {
            CallerKind.JoinToken or CallerKind.Node => FindByEntryAsync(caller, wanted, cancellationToken),
            CallerKind.X509Svid => FindByRecordAsync(caller, wanted, cancellationToken),
            CallerKind.Agent => FindForAgentAsync(caller, cancellationToken),
            _ => ValueTask.FromResult(new RegistrationResult(new Refusal(
                RefusalCode.PermissionDenied, "no_attestation", "An operator's session is no workload: attest with a token, a join token or an SVID."))),
        };
    }

    private async ValueTask<RegistrationResult> JoinAsync(
        (string Caller, string? Pod, string? Wanted) key, AuthenticatedCaller caller, CancellationToken cancellationToken)
    {
        // The look-up outlives the caller who began it: others wait for it. The store bounds it.
        var lookUp = _underWay.GetOrAdd(key, static (key, begun) => new(() => begun.Resolver.LookUpAsync(key, begun.Caller)), (Resolver: this, Caller: caller));
        var result = await lookUp.Value.WaitAsync(cancellationToken);
        return result.Found ? new RegistrationResult(result.Registration, caller.AttestedAt) : result;
    }

    private async Task<RegistrationResult> LookUpAsync((string Caller, string? Pod, string? Wanted) key, AuthenticatedCaller caller)
    {
        try
        {
            return await FindByFactsAsync(key, caller, CancellationToken.None);
        }
        finally
        {
            _underWay.TryRemove(key, out _);
        }
    }

    private async ValueTask<RegistrationResult> FindByFactsAsync(
        (string Caller, string? Pod, string? Wanted) key, AuthenticatedCaller caller, CancellationToken cancellationToken)
    {
        var asked = time.GetTimestamp();
        var parent = EntryRules.SourceParent(TrustDomainName, caller.Source);
        var now = time.GetUtcNow();
        var entries = await store.FindEntriesBySelectorsAsync(TrustDomainName, parent, caller.Selectors, cancellationToken);
        var candidates = entries
            .Where(entry => entry.Selectors.Length > 0 && (entry.ExpiresAt is null || entry.ExpiresAt > now))
            .Select(ResolvedRegistration.Of)
            .ToList();
        if (candidates.Count == 0)
        {
            var templates = await store.ListTemplatesAsync(TrustDomainName, cancellationToken);
            candidates.AddRange(templates
                .Where(template => template.Source == caller.Source || template.Source == RegistrationSources.Any)
                .OrderBy(template => template.CreatedAt)
                .ThenBy(template => template.Id, StringComparer.Ordinal)
                .Select(template => Expand(template, caller))
                .OfType<ResolvedRegistration>()
                .DistinctBy(registration => registration.IdText));
        }

        if (key.Wanted is not null)
        {
            candidates.RemoveAll(candidate => candidate.IdText != key.Wanted);
        }

        candidates.RemoveAll(candidate => !IsAllowed(candidate.Id.Path, caller));
        switch (candidates)
        {
            case []:
                return new RegistrationResult(new Refusal(
                    RefusalCode.PermissionDenied, "not_registered",
                    "No registration gives this caller an identity. Create an entry for it, or a template for its source.",
                    $"caller {caller.Name}, wanted {key.Wanted ?? "any"}"));
            case [var only]:
                _byCaller.Store(key, only, asked);
                return new RegistrationResult(only, caller.AttestedAt);
            default:
                return new RegistrationResult(new Refusal(
                    RefusalCode.InvalidArgument, "ambiguous",
                    "Several registrations match this caller; name the SPIFFE ID that is wanted.",
                    string.Join(", ", candidates.Select(candidate => candidate.IdText))));
        }
    }

    private async ValueTask<RegistrationResult> FindByEntryAsync(AuthenticatedCaller caller, string? wanted, CancellationToken cancellationToken)
    {
        var entry = await store.GetEntryAsync(TrustDomainName, caller.EntryId ?? "", cancellationToken);
        if (entry is null || entry.ExpiresAt <= time.GetUtcNow() || !(caller.Kind == CallerKind.Node
            ? entry.ParentId.StartsWith(EntryRules.NodeParent(TrustDomainName, ""), StringComparison.Ordinal)
            : entry.ParentId == EntryRules.JoinTokenParent(TrustDomainName)))
        {
            return new RegistrationResult(NotRegisteredAnyMore);
        }

        return wanted is null || wanted == entry.SpiffeId
            ? new RegistrationResult(ResolvedRegistration.Of(entry), caller.AttestedAt)
            : new RegistrationResult(AnotherIdentity);
    }

    /// <summary>Read anew each time: an entry that was moved to another agent is not to be had from a cache.</summary>
    private async ValueTask<RegistrationResult> FindForAgentAsync(AuthenticatedCaller caller, CancellationToken cancellationToken)
    {
        if (caller.Agent is not { } agent)
        {
            return new RegistrationResult(NotRegisteredAnyMore);
        }

        var entry = await store.GetEntryAsync(TrustDomainName, caller.EntryId ?? "", cancellationToken);

        // One answer for an entry that is not there and for another agent's: nobody learns here which ids exist.
        return entry is null || entry.ParentId != agent.AgentId || entry.ExpiresAt <= time.GetUtcNow()
            || EntryRules.IsReserved(SpiffeId.Parse(entry.SpiffeId).Path)
            ? new RegistrationResult(new Refusal(
                RefusalCode.PermissionDenied, "not_this_agents_entry", "There is no such entry under this agent.", $"entry {caller.EntryId}, agent {agent.AgentId}"))
            : new RegistrationResult(ResolvedRegistration.Of(entry), agent);
    }

    private async ValueTask<RegistrationResult> FindByRecordAsync(AuthenticatedCaller caller, string? wanted, CancellationToken cancellationToken)
    {
        if (wanted is not null && wanted != caller.SpiffeId)
        {
            return new RegistrationResult(AnotherIdentity);
        }

        var record = await log.FindBySerialAsync(TrustDomainName, caller.CertificateSerial ?? "", caller.CertificateHint, cancellationToken);
        if (record is not { Kind: IssuanceRecordKind.X509Svid } || record.SpiffeId != caller.SpiffeId)
        {
            return new RegistrationResult(new Refusal(
                RefusalCode.Unauthenticated, "unknown_certificate", "The presented certificate is not in the issuance log. Attest anew with a token."));
        }

        var now = time.GetUtcNow();
        var limit = AgentNames.IsAgent(record.SpiffeId, TrustDomainName) ? options.Value.AgentRenewalLimit : options.Value.RenewalLimit;
        if (record.AttestedAt + limit <= now)
        {
            return new RegistrationResult(new Refusal(
                RefusalCode.PermissionDenied, "attestation_too_old",
                $"The last attestation behind this certificate is older than {limit}. Attest anew with a token."));
        }

        var key = (record.RegistrationId, record.SpiffeId);
        if (_byReference.Find(key) is { } cached)
        {
            return new RegistrationResult(cached, record.AttestedAt, record.IssuerAuthorityId);
        }

        var asked = time.GetTimestamp();
        var found = await FindByReferenceAsync(record, now, cancellationToken);
        if (found is null)
        {
            return new RegistrationResult(NotRegisteredAnyMore);
        }

        _byReference.Store(key, found, asked);
        return new RegistrationResult(found, record.AttestedAt, record.IssuerAuthorityId);
    }

    private async ValueTask<ResolvedRegistration?> FindByReferenceAsync(IssuanceRecord record, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (record.RegistrationId.StartsWith(ResolvedRegistration.EntryPrefix, StringComparison.Ordinal))
        {
            var id = record.RegistrationId[ResolvedRegistration.EntryPrefix.Length..];
            var entry = await store.GetEntryAsync(TrustDomainName, id, cancellationToken);
            return entry is not null && entry.SpiffeId == record.SpiffeId && (entry.ExpiresAt is null || entry.ExpiresAt > now)
                ? ResolvedRegistration.Of(entry)
                : null;
        }

        var templates = await store.ListTemplatesAsync(TrustDomainName, cancellationToken);
        var template = templates.FirstOrDefault(known => ResolvedRegistration.TemplatePrefix + known.Id == record.RegistrationId);
        return template is not null && SpiffeId.TryParse(record.SpiffeId, out var given, out _)
            && TemplatePattern.TryParse(template.Pattern, TrustDomainName, out var pattern, out _) && pattern!.Gives(given, trustDomain.Value.Cluster)
            ? ResolvedRegistration.Of(template, given)
            : null;
    }

    private ResolvedRegistration? Expand(RegistrationTemplate template, AuthenticatedCaller caller) =>
        TemplatePattern.TryParse(template.Pattern, TrustDomainName, out var pattern, out _)
        && pattern!.Expand(TrustDomainName, trustDomain.Value.Cluster, caller) is { } id
            ? ResolvedRegistration.Of(template, id)
            : null;

    private static bool IsAllowed(string path, AuthenticatedCaller caller) =>
        caller.AllowedPaths.IsDefaultOrEmpty
        || caller.AllowedPaths.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal)
            && (prefix.EndsWith('/') || path.Length == prefix.Length || path[prefix.Length] == '/'));

    private static Refusal AnotherIdentity { get; } = new(
        RefusalCode.PermissionDenied, "not_registered", "This credential stands for another identity than the one that is wanted.");

    private static Refusal NotRegisteredAnyMore { get; } = new(
        RefusalCode.PermissionDenied, "not_registered", "The registration behind this request is gone or has expired.");
}
