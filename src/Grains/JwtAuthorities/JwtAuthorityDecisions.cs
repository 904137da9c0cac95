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

    /// <summary>The next step and the key that it is about; the key is null for <see cref="JwtAuthorityStep.Prepare"/> and <see cref="JwtAuthorityStep.None"/>.</summary>
    /// <param name="state">The state.</param>
    /// <param name="options">Lives and algorithm.</param>
    /// <param name="refreshHint">Of the trust bundle.</param>
    /// <param name="skew">How far others' clocks may run behind.</param>
    /// <param name="now">The time.</param>
    public static (JwtAuthorityStep Step, JwtAuthorityRecord? Key) Next(
        JwtAuthorityState state, JwtOptions options, TimeSpan refreshHint, TimeSpan skew, DateTimeOffset now)
    {
        var active = Find(state, AuthorityState.Active);
        var prepared = Find(state, AuthorityState.Prepared);
        if (prepared is { PublishedAt: null })
        {
            return (JwtAuthorityStep.Publish, prepared);
        }

        if (prepared is { PublishedAt: { } publishedAt } && MayActivate(active, publishedAt, options.LeadAfter(refreshHint), now))
        {
            return (JwtAuthorityStep.Activate, prepared);
        }

        if (state.Authorities.FirstOrDefault(key => key.State == AuthorityState.Old && !(key.HighestExpiry + skew > now)) is { } ended)
        {
            return (JwtAuthorityStep.Retire, ended);
        }

        var wanted = active is null || active.Algorithm != options.Algorithm.ToString() || active.CreatedAt + ((active.NotAfter - active.CreatedAt) / 2) <= now;
        return prepared is null && wanted && state.Authorities.Length < MaxAuthorities ? (JwtAuthorityStep.Prepare, null) : (JwtAuthorityStep.None, null);
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

    public static JwtAuthorityState Published(JwtAuthorityState state, string keyId, string operationId, DateTimeOffset now) =>
        Change(state, keyId, key => key with { PublishedAt = now }) with { OperationId = $"{operationId}:published" };

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
    /// The one place where a successor is let sign: time since it was published, until the rotation asks agents' acknowledgements instead. Where nothing
    /// else signs, at once.
    /// </summary>
    private static bool MayActivate(JwtAuthorityRecord? active, DateTimeOffset publishedAt, TimeSpan lead, DateTimeOffset now) =>
        active is null || active.NotAfter <= now || publishedAt + lead <= now;

    private static JwtAuthorityState Change(JwtAuthorityState state, string keyId, Func<JwtAuthorityRecord, JwtAuthorityRecord> change) => state with
    {
        Authorities = [.. state.Authorities.Select(key => key.KeyId == keyId ? change(key) : key)],
    };

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
