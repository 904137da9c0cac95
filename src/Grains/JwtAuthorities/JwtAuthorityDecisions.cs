using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>
/// What a cluster's JWT authorities decide, as pure functions. At most one is prepared and one active; a key signs only after it lay in the trust bundle
/// for its lead, and leaves the bundle only after the highest recorded <c>exp</c>.
/// </summary>
internal static class JwtAuthorityDecisions
{
    /// <summary>Old keys whose tokens may still live; more are a fault somewhere, and then no further key is made.</summary>
    private const int MaxAuthorities = 16;

    /// <summary>A successor of a tainted key waits no longer than this for a silo that does not answer: its lease has ended, and nobody signs meanwhile.</summary>
    internal static readonly TimeSpan SilosHaveAtMost = TimeSpan.FromMinutes(2);

    /// <summary>Tainted keys that stay listed.</summary>
    private const int KeptTainted = 8;

    /// <summary>The next step and the key that it is about; the key is null for <see cref="JwtAuthorityStep.Prepare"/> and <see cref="JwtAuthorityStep.None"/>.</summary>
    /// <param name="state">The state.</param>
    /// <param name="options">Lives and algorithm.</param>
    /// <param name="refreshHint">Of the trust bundle.</param>
    /// <param name="skew">How far others' clocks may run behind.</param>
    /// <param name="facts">Who does not hold the bundle with the prepared key; null while nobody was asked.</param>
    /// <param name="now">The time.</param>
    public static (JwtAuthorityStep Step, JwtAuthorityRecord? Key) Next(
        JwtAuthorityState state, JwtOptions options, TimeSpan refreshHint, TimeSpan skew, JwtActivationFacts? facts, DateTimeOffset now)
    {
        if (state.Authorities.FirstOrDefault(key => key is { State: AuthorityState.Tainted, WithdrawnAt: null }) is { } tainted)
        {
            return (JwtAuthorityStep.Revoke, tainted);
        }

        var active = Find(state, AuthorityState.Active);
        var prepared = Find(state, AuthorityState.Prepared);
        if (prepared is { PublishedAt: null })
        {
            return (JwtAuthorityStep.Publish, prepared);
        }

        if (prepared is { PublishedAt: { } publishedAt })
        {
            switch (MayActivate(state, active, prepared, publishedAt, options, refreshHint, facts, now))
            {
                case true:
                    return (JwtAuthorityStep.Activate, prepared);
                case null:
                    return (JwtAuthorityStep.Ask, prepared);
                default:
                    break;
            }
        }

        if (state.Authorities.FirstOrDefault(key => key.State == AuthorityState.Old && !(key.HighestExpiry + skew > now)) is { } ended)
        {
            return (JwtAuthorityStep.Retire, ended);
        }

        if (state.Authorities.FirstOrDefault(key => key.State == AuthorityState.Tainted && key.NotAfter + skew <= now) is { } over)
        {
            return (JwtAuthorityStep.Forget, over);
        }

        var wanted = active is null || active.Algorithm != options.Algorithm.ToString() || state.SucceedKeyId == active.KeyId
            || active.CreatedAt + ((active.NotAfter - active.CreatedAt) / 2) <= now;
        return prepared is null && wanted && state.Authorities.Count(key => key.State != AuthorityState.Tainted) < MaxAuthorities
            ? (JwtAuthorityStep.Prepare, null)
            : (JwtAuthorityStep.None, null);
    }

    public static JwtAuthorityRecord? Find(JwtAuthorityState state, AuthorityState wanted) => state.Authorities.FirstOrDefault(key => key.State == wanted);

    public static JwtAuthorityState Prepare(JwtAuthorityState state, JwtSigner signer, byte[] sealedKey, TimeSpan life, string operationId, DateTimeOffset now) => state with
    {
        Authorities = state.Authorities.Add(new JwtAuthorityRecord
        {
            KeyId = signer.KeyId,
            Algorithm = signer.Algorithm.ToString(),
            State = AuthorityState.Prepared,
            SubjectPublicKeyInfo = signer.SubjectPublicKeyInfo.ToArray(),
            SealedKey = sealedKey,
            CreatedAt = now,
            NotAfter = Validity.WholeSeconds(now + life),
        }),
        OperationId = $"{operationId}:prepared",
    };

    public static JwtAuthorityState Published(JwtAuthorityState state, string keyId, long? bundleNumber, string operationId, DateTimeOffset now) =>
        Change(state, keyId, key => key with { PublishedAt = now, BundleNumber = bundleNumber }) with { OperationId = $"{operationId}:published" };

    public static JwtAuthorityState Activate(JwtAuthorityState state, string keyId, string operationId) => state with
    {
        Authorities = [.. state.Authorities.Select(key => key.KeyId == keyId ? key with { State = AuthorityState.Active }
            : key.State == AuthorityState.Active ? key with { State = AuthorityState.Old } : key)],
        OperationId = $"{operationId}:activated",
    };

    /// <summary>It is out of the trust bundle: its key is forgotten.</summary>
    public static JwtAuthorityState Retired(JwtAuthorityState state, string keyId, string operationId) => state with
    {
        Authorities = state.Authorities.RemoveAll(key => key.KeyId == keyId),
        OperationId = $"{operationId}:retired",
    };

    /// <summary>Orders a successor of the active key; the same state where one is on its way or this was ordered before.</summary>
    public static JwtAuthorityState Succeed(JwtAuthorityState state, RotateJwtAuthority order) =>
        state.SucceedOperationId == order.OperationId || Find(state, AuthorityState.Active) is not { } active || Find(state, AuthorityState.Prepared) is not null ? state : state with
        {
            SucceedKeyId = active.KeyId,
            SucceedOperationId = order.OperationId,
            SucceedReason = order.Reason,
            SucceedBy = order.Actor,
            OperationId = $"{order.OperationId}:succeed",
        };

    /// <summary>Takes a key out of use for good and forgets its private part; the same state where it is tainted already.</summary>
    /// <exception cref="GrainOperationException">There is no such key.</exception>
    public static JwtAuthorityState Taint(JwtAuthorityState state, TaintJwtAuthority order, DateTimeOffset now)
    {
        var key = state.Authorities.FirstOrDefault(known => known.KeyId == order.KeyId)
            ?? throw new GrainOperationException(RefusalCode.NotFound, "no_such_jwt_authority", $"This cluster has no JWT authority {order.KeyId}; 'authority jwt list' names them.");
        if (key.State == AuthorityState.Tainted)
        {
            return state;
        }

        var earlier = state.Authorities.Where(known => known is { State: AuthorityState.Tainted, WithdrawnAt: not null }).OrderByDescending(known => known.TaintedAt).Skip(KeptTainted - 1).ToHashSet();
        return Change(state with { Authorities = state.Authorities.RemoveAll(earlier.Contains) }, order.KeyId, known => known with
        {
            State = AuthorityState.Tainted,
            SealedKey = [],
            TaintReason = order.Reason,
            TaintedBy = order.Actor,
            TaintedAt = now,
        }) with
        {
            OperationId = $"{order.OperationId}:tainted",
        };
    }

    /// <summary>A tainted key is out of the trust bundle.</summary>
    public static JwtAuthorityState Withdrawn(JwtAuthorityState state, string keyId, string operationId, DateTimeOffset now) =>
        Change(state, keyId, key => key with { WithdrawnAt = now }) with { OperationId = $"{operationId}:withdrawn" };

    /// <summary>When a prepared key may sign at the earliest and, whoever lags, at the latest.</summary>
    public static (DateTimeOffset NotBefore, DateTimeOffset AtLatest) Window(
        JwtAuthorityState state, JwtAuthorityRecord? active, DateTimeOffset publishedAt, JwtOptions options, TimeSpan refreshHint)
    {
        if (active is null)
        {
            return (publishedAt, publishedAt + (IsUrgent(state) ? SilosHaveAtMost : TimeSpan.Zero));
        }

        // Readers of a JWKS have their time until the very end; agents until tokens would be cut short.
        var notBefore = Min(publishedAt + options.LeadAfter(refreshHint), active.NotAfter);
        var cutShort = active.NotAfter - options.MaxTtl;
        return (notBefore, cutShort > notBefore ? cutShort : notBefore);
    }

    /// <summary>
    /// Records how far tokens of the active key may reach, when less than half of what is recorded ahead is left; the same state when there is enough.
    /// Never beyond the key's own end.
    /// </summary>
    public static JwtAuthorityState Reserve(JwtAuthorityState state, JwtAuthorityRecord active, JwtOptions options, string operationId, DateTimeOffset now)
    {
        var least = Min(now + options.MaxTtl + (options.ReserveAhead / 2), active.NotAfter);
        return active.HighestExpiry >= least
            ? state
            : Change(state, active.KeyId, key => key with { HighestExpiry = Min(Validity.WholeSeconds(now + options.MaxTtl + options.ReserveAhead), active.NotAfter) }) with
            {
                OperationId = $"{operationId}:reserved",
            };
    }

    /// <summary>Often enough that a silo always has some of what was recorded ahead, and that steps which wait are taken soon after they are due.</summary>
    public static TimeSpan LookAgain(JwtOptions options) => options.ReserveAhead / 8;

    /// <summary>
    /// The one place where a successor is let sign; null where it hangs on who holds its bundle and nobody was asked. It waits for the time that JWKS
    /// readers need, for every silo and for every live agent, but not into the last longest life of a token before the active key ends: then there would
    /// be no tokens at all. A tainted key's successor waits for silos alone, and where nothing signed before, it signs at once.
    /// </summary>
    private static bool? MayActivate(
        JwtAuthorityState state, JwtAuthorityRecord? active, JwtAuthorityRecord prepared, DateTimeOffset publishedAt, JwtOptions options, TimeSpan refreshHint,
        JwtActivationFacts? facts, DateTimeOffset now)
    {
        var (notBefore, atLatest) = Window(state, active, publishedAt, options, refreshHint);
        if (atLatest <= now || active?.NotAfter <= now)
        {
            return true;
        }

        if (notBefore > now)
        {
            return false;
        }

        // An older version did not record what it published with: time is all there is.
        return prepared.BundleNumber is null ? true : facts is null ? null : active is null ? facts.IsHeldBySilos : facts.IsHeldByAll;
    }

    private static bool IsUrgent(JwtAuthorityState state) => state.Authorities.Any(key => key.State == AuthorityState.Tainted);

    private static JwtAuthorityState Change(JwtAuthorityState state, string keyId, Func<JwtAuthorityRecord, JwtAuthorityRecord> change) => state with
    {
        Authorities = [.. state.Authorities.Select(key => key.KeyId == keyId ? change(key) : key)],
    };

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
