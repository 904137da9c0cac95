using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>What a cluster CA decides, as pure functions of its state, a command and the time.</summary>
internal static class ClusterCaDecisions
{
    /// <summary>Ended CAs are kept this long, so that an operator still finds what signed a certificate of yesterday.</summary>
    public static readonly TimeSpan KeepEnded = TimeSpan.FromDays(7);

    private const int KeptEnded = 64;

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
    public static ClusterCaState Activate(ClusterCaState state, string operationId, CertifiedIssuingCa certified) => state with
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
            },
            { State: IssuingCaState.Active } former when IsOfSameStart(former, state, operationId) => former with { State = IssuingCaState.Old },
            _ => ca,
        }).ToImmutableArray(),
        OperationId = operationId + ":active",
    };

    /// <summary>Takes a CA out of use. Tainting twice changes nothing.</summary>
    public static ClusterCaState Taint(ClusterCaState state, string authorityId, string reason, string operationId)
    {
        var found = state.IssuingCas.FirstOrDefault(ca => ca.AuthorityId == authorityId)
            ?? throw new GrainOperationException(RefusalCode.NotFound, "no_such_authority", $"No issuing CA has the authority id '{authorityId}'.");
        return found.State is IssuingCaState.Tainted or IssuingCaState.Retired
            ? state
            : state with
            {
                IssuingCas = state.IssuingCas.Replace(found, found with { State = IssuingCaState.Tainted, TaintReason = reason }),
                OperationId = operationId,
            };
    }

    /// <summary>Retires what has ended (no leaf outlives its issuer), and forgets requests that never became a CA.</summary>
    public static ClusterCaState Sweep(ClusterCaState state, DateTimeOffset now, TimeSpan skew, string operationId)
    {
        var swept = Prune(state.IssuingCas, now)
            .Select(ca => ca.CertificateDer is not null && ca.State != IssuingCaState.Retired && ca.NotAfter + skew < now
                ? ca with { State = IssuingCaState.Retired }
                : ca)
            .ToImmutableArray();
        return swept.SequenceEqual(state.IssuingCas) ? state : state with { IssuingCas = swept, OperationId = operationId };
    }

    private static bool IsOfSameStart(IssuingCaRecord former, ClusterCaState state, string operationId) =>
        state.IssuingCas.FirstOrDefault(ca => ca.OperationId == operationId) is { } mine
        && former.Silo == mine.Silo && (former.Incarnation is null || former.Incarnation == mine.Incarnation);

    private static ImmutableArray<IssuingCaRecord> Prune(ImmutableArray<IssuingCaRecord> records, DateTimeOffset now)
    {
        var hourAgo = now - TimeSpan.FromHours(1);
        var kept = records
            .Where(ca => ca.RequestedAt > hourAgo || (ca.CertificateDer is not null && ca.NotAfter + KeepEnded > now))
            .ToImmutableArray();

        // With second-long lives in a drill a week would hold thousands: the newest ended ones suffice.
        var ended = kept.Count(ca => ca.RequestedAt <= hourAgo && ca.NotAfter < now);
        return ended <= KeptEnded
            ? kept
            : [.. kept.Where(ca => ca.RequestedAt > hourAgo || ca.NotAfter >= now || ended-- <= KeptEnded)];
    }
}
