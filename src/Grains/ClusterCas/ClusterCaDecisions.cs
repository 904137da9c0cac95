using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>What a cluster CA decides, as pure functions of its state, a command and the time.</summary>
internal static class ClusterCaDecisions
{
    /// <summary>Ended CAs are kept this long, so that an operator still finds what signed a certificate of yesterday.</summary>
    public static readonly TimeSpan KeepEnded = TimeSpan.FromDays(7);

    /// <summary>A silo swaps to its new CA when the reply arrives; after this long it has, or is refused by the old one's shard and asks anew.</summary>
    public static readonly TimeSpan SwapWithin = TimeSpan.FromMinutes(5);

    /// <summary>A tainted CA is denied for this long after its end, so that no clock behind still takes what it signed.</summary>
    internal static readonly TimeSpan DenyAfterEnd = TimeSpan.FromHours(1);

    private const int KeptEnded = 64;
    private const int SealedAtOnce = 16;

    /// <summary>
    /// Authorises a request, or says why not. An operation id that stands already is answered by its record; a silo asks at most
    /// <paramref name="budgetPerHour"/> times within an hour.
    /// </summary>
    public static (ClusterCaState State, IssuingCaRecord Record) Authorise(
        ClusterCaState state, IssuingCaRequest request, string keyHash, int budgetPerHour, DateTimeOffset now)
    {
        var (operationId, silo) = (request.OperationId, request.Silo);
        var known = state.IssuingCas.FirstOrDefault(ca => ca.OperationId == operationId);
        if (known is not null)
        {
            if (known.Silo != silo || known.KeyHash != keyHash)
            {
                throw new GrainOperationException(RefusalCode.InvalidArgument, "operation_reused", "This operation id already stands for another silo or key.");
            }

            return known.State is IssuingCaState.Requested or IssuingCaState.Active
                ? (state, known)
                : throw new GrainOperationException(
                    RefusalCode.Conflict, "issuing_ca_ended", $"The issuing CA of this operation id is {known.State.ToString().ToLowerInvariant()}; ask anew with a fresh key.");
        }

        // Two CAs of one key would share an authority id, and tainting one could not be told from tainting the other.
        if (state.IssuingCas.Any(ca => ca.KeyHash == keyHash && ca.CertificateDer is not null))
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "key_reused", "This key already has an issuing CA's certificate; ask with a fresh key.");
        }

        var recent = state.IssuingCas.Count(ca => ca.Silo == silo && ca.RequestedAt > now - TimeSpan.FromHours(1));
        if (recent >= budgetPerHour)
        {
            throw new GrainOperationException(
                RefusalCode.ResourceExhausted, "issuing_ca_budget",
                $"Silo '{silo}' has asked for {recent} issuing CAs within the hour; its budget is {budgetPerHour} (ca.issuingCaBudgetPerHour).");
        }

        var record = new IssuingCaRecord
        {
            OperationId = operationId,
            Silo = silo,
            Incarnation = request.Incarnation,
            RelayEndpoint = request.RelayEndpoint.Length == 0 ? null : request.RelayEndpoint,
            State = IssuingCaState.Requested,
            RequestedAt = now,
            KeyHash = keyHash,
        };
        return (state with { IssuingCas = Prune(state.IssuingCas, now).Add(record), OperationId = operationId }, record);
    }

    /// <summary>
    /// Enters the certificate; the former active CA of the same start of the silo becomes old. Another start of a silo of that name may still
    /// issue, and is left alone until it is seen to be gone.
    /// </summary>
    public static ClusterCaState Activate(ClusterCaState state, string operationId, CertifiedIssuingCa certified, DateTimeOffset now) => state with
    {
        IssuingCas = state.IssuingCas.Select(ca => ca switch
        {
            { } mine when mine.OperationId == operationId => mine with
            {
                State = mine.State == IssuingCaState.Requested ? IssuingCaState.Active : mine.State,
                AuthorityId = certified.AuthorityId,
                RootAuthorityId = certified.RootAuthorityId,
                CertificateDer = certified.CertificateDer,
                NotBefore = certified.NotBefore,
                NotAfter = certified.NotAfter,
                BundleNumber = certified.BundleNumber,
            },
            { State: IssuingCaState.Active } former when IsOfSameStart(former, state, operationId) => former with { State = IssuingCaState.Old, EndedAt = now },
            _ => ca,
        }).ToImmutableArray(),
        OperationId = operationId + ":active",
    };

    /// <summary>Takes a CA out of use. Tainting twice only shortens the time to replace what it signed; a retired one only keeps the reason, by which it is denied while it lasts.</summary>
    public static ClusterCaState Taint(ClusterCaState state, string authorityId, string reason, string operationId, DateTimeOffset now, int reissueOverSeconds = 0)
    {
        int? over = reissueOverSeconds == 0 ? null : reissueOverSeconds;
        var found = state.IssuingCas.FirstOrDefault(ca => ca.AuthorityId == authorityId)
            ?? throw new GrainOperationException(RefusalCode.NotFound, "no_such_authority", $"No issuing CA has the authority id '{authorityId}'.");
        return found switch
        {
            { State: IssuingCaState.Tainted } or { State: IssuingCaState.Retired, TaintReason: not null } => (over ?? 0) < (found.ReissueOverSeconds ?? 0)
                ? state with { IssuingCas = state.IssuingCas.Replace(found, found with { ReissueOverSeconds = over }), OperationId = operationId }
                : state,
            { State: IssuingCaState.Retired } => state with
            {
                IssuingCas = state.IssuingCas.Replace(found, found with { TaintReason = reason, ReissueOverSeconds = over }),
                OperationId = operationId,
            },
            _ => state with
            {
                IssuingCas = state.IssuingCas.Replace(found, found with
                {
                    State = IssuingCaState.Tainted, TaintReason = reason, ReissueOverSeconds = over, EndedAt = found.EndedAt ?? now,
                }),
                OperationId = operationId,
                NextSweepAt = now,
            },
        };
    }

    /// <summary>
    /// The denial of a tainted CA. It may leave the set when the CA has ended for every clock: nothing that was signed with its key, by whomever,
    /// outlives it. Not before, though the log counts nothing live: who stole the key signs without the log.
    /// </summary>
    public static Denial DenialOf(IssuingCaRecord tainted, string actor, string operationId) => new(
        DenialKind.TaintedAuthority, tainted.AuthorityId!, 0, tainted.TaintReason ?? "tainted", actor, default, operationId, tainted.NotAfter + DenyAfterEnd)
    {
        ReissueOverSeconds = tainted.ReissueOverSeconds,
    };

    /// <summary>The tainted CAs, not ended yet, that the denial set does not name: a crash came between, or the set was restored.</summary>
    public static ImmutableArray<IssuingCaRecord> ToDeny(ClusterCaState state, DenialSet denials, DateTimeOffset now) =>
    [
        .. state.IssuingCas.Where(ca => ca is { TaintReason: not null, AuthorityId: not null } && ca.NotAfter + DenyAfterEnd > now
            && DenialDecisions.Find(denials, DenialKind.TaintedAuthority, ca.AuthorityId) is null),
    ];

    /// <summary>
    /// The authority ids whose log shards are to be sealed: tainted ones; replaced ones, once their silo has had time to swap; and those whose start
    /// of a silo is off the roster of lease holders (<paramref name="roster"/> null: not known, so none is taken for gone), which can issue no more
    /// unless it comes back. One that does come back is told by its next append, and asks for another CA.
    /// </summary>
    public static ImmutableArray<string> ToSeal(ClusterCaState state, DenialSet? roster, DateTimeOffset now) =>
    [
        .. state.IssuingCas
            .Where(ca => ca.CertificateDer is not null && ca.SealedAt is null && ca.NotAfter > now && ca.State switch
            {
                IssuingCaState.Tainted => true,
                IssuingCaState.Old => ca.EndedAt is not { } ended || ended + SwapWithin <= now,
                IssuingCaState.Active => roster is not null && ca.Incarnation is { } incarnation && DenialRoster.Find(roster, ca.Silo, incarnation) is null,
                _ => false,
            })
            .Select(ca => ca.AuthorityId!)
            .Take(SealedAtOnce),
    ];

    /// <summary>The authority ids whose log shards a rotation wants sealed: certified before a bundle, or by a root where that is given.</summary>
    public static ImmutableArray<string> ToFence(ClusterCaState state, long belowBundle, string? rootAuthorityId, DateTimeOffset now) =>
    [
        .. state.IssuingCas
            .Where(ca => ca.CertificateDer is not null && ca.SealedAt is null && ca.NotAfter > now
                && (rootAuthorityId is null ? (ca.BundleNumber ?? 0) < belowBundle : ca.RootAuthorityId == rootAuthorityId))
            .Select(ca => ca.AuthorityId!)
            .Take(SealedAtOnce),
    ];

    /// <summary>Enters that these shards are sealed; what was active under them is old.</summary>
    public static ClusterCaState Fence(ClusterCaState state, IReadOnlyCollection<string> sealedIds, DateTimeOffset now) => sealedIds.Count == 0
        ? state
        : state with
        {
            IssuingCas =
            [
                .. state.IssuingCas.Select(ca => ca.SealedAt is not null || ca.AuthorityId is null || !sealedIds.Contains(ca.AuthorityId) ? ca : ca with
                {
                    State = ca.State == IssuingCaState.Active ? IssuingCaState.Old : ca.State,
                    EndedAt = ca.EndedAt ?? now,
                    SealedAt = now,
                }),
            ],
        };

    /// <summary>A silo released its CA. Its shard is sealed now where <paramref name="isSealed"/>, later by a sweep where not.</summary>
    public static ClusterCaState Release(ClusterCaState state, ReleaseIssuingCa release, bool isSealed, string operationId, DateTimeOffset now)
    {
        var found = Released(state, release);
        var ended = found with
        {
            State = found.State == IssuingCaState.Active ? IssuingCaState.Old : found.State,
            EndedAt = found.EndedAt ?? now,
            SealedAt = found.SealedAt ?? (isSealed ? now : null),
        };
        return ended == found ? state : state with { IssuingCas = state.IssuingCas.Replace(found, ended), OperationId = operationId };
    }

    /// <summary>The CA that a release names, which must be that very start's own.</summary>
    public static IssuingCaRecord Released(ClusterCaState state, ReleaseIssuingCa release) => state.IssuingCas.FirstOrDefault(ca =>
        ca.AuthorityId == release.AuthorityId && ca.Silo == release.Silo && ca.Incarnation == release.Incarnation)
        ?? throw new GrainOperationException(
            RefusalCode.NotFound, "no_such_authority", $"Silo '{release.Silo}' ({release.Incarnation}) has no issuing CA '{release.AuthorityId}'.");

    /// <summary>Whether a sweep could retire anything, so that it is worth asking the log.</summary>
    public static bool HasCandidates(ClusterCaState state, DateTimeOffset now, TimeSpan skew) => state.IssuingCas.Any(ca => MayRetire(ca, now, skew));

    /// <summary>
    /// Retires what nothing live chains to: what is fenced and has no live leaf, and what has ended (no leaf outlives its issuer). Forgets requests that
    /// never became a CA. Where the log told no counts (<paramref name="live"/> null) nothing is retired.
    /// </summary>
    /// <param name="state">With the shards sealed that <see cref="Fence"/> entered.</param>
    /// <param name="now">The time of the sweep.</param>
    /// <param name="skew">Relying parties' clocks may be behind by this much.</param>
    /// <param name="live">Live leaves by authority id, counted after the shards were sealed and with <paramref name="skew"/> in mind.</param>
    /// <param name="next">When to look again.</param>
    /// <param name="operationId">Of this sweep.</param>
    public static ClusterCaState Sweep(
        ClusterCaState state, DateTimeOffset now, TimeSpan skew, IReadOnlyDictionary<string, long>? live, DateTimeOffset next, string operationId) => state with
    {
        IssuingCas =
        [
            .. Prune(state.IssuingCas, now).Select(ca =>
                live is not null && MayRetire(ca, now, skew) && (ca.NotAfter + skew < now || live.GetValueOrDefault(ca.AuthorityId!) == 0)
                    ? ca with { State = IssuingCaState.Retired, EndedAt = ca.EndedAt ?? now }
                    : ca),
        ],
        NextSweepAt = next,
        OperationId = operationId,
    };

    /// <summary>Whether the time for a sweep has come. A time far ahead was written by a clock that ran ahead, and counts as come.</summary>
    public static bool IsDue(DateTimeOffset? next, TimeSpan period, DateTimeOffset now) => next is not { } due || due <= now || due > now + (2 * period);

    private static bool MayRetire(IssuingCaRecord ca, DateTimeOffset now, TimeSpan skew) => ca.CertificateDer is not null && ca.State != IssuingCaState.Retired
        && (ca.NotAfter + skew < now || (ca.State is IssuingCaState.Old or IssuingCaState.Tainted && ca.SealedAt is not null));

    private static bool IsOfSameStart(IssuingCaRecord former, ClusterCaState state, string operationId) =>
        state.IssuingCas.FirstOrDefault(ca => ca.OperationId == operationId) is { } mine
        && former.Silo == mine.Silo && (former.Incarnation is null || former.Incarnation == mine.Incarnation);

    private static ImmutableArray<IssuingCaRecord> Prune(ImmutableArray<IssuingCaRecord> records, DateTimeOffset now)
    {
        var hourAgo = now - TimeSpan.FromHours(1);
        var kept = records
            .Where(ca => ca.RequestedAt > hourAgo || (ca.CertificateDer is not null && ca.NotAfter + KeepEnded > now))
            .ToImmutableArray();

        // With second-long lives in a drill, or a silo that keeps starting, a week would hold thousands: the newest ended ones suffice.
        var ended = kept.Count(IsPast);
        return ended <= KeptEnded ? kept : [.. kept.Where(ca => !IsPast(ca) || ended-- <= KeptEnded)];

        bool IsPast(IssuingCaRecord ca) => ca.RequestedAt <= hourAgo && (ca.NotAfter < now || ca.State == IssuingCaState.Retired);
    }
}
