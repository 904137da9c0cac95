using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>
/// What a relationship decides, as pure functions. The last good bundle stays whatever comes; a sequence never goes back, and one number never names two
/// contents.
/// </summary>
internal static class FederationDecisions
{
    /// <summary>What the specification says where a bundle has no hint.</summary>
    private static readonly TimeSpan UsualHint = TimeSpan.FromMinutes(5);

    private const int MaxFailureChars = 512;

    public static bool Exists(FederationState state) => state is { Number: > 0, Deleted: false };

    /// <summary>Begins a relationship, or changes it to what the configuration says; the same state when nothing is new.</summary>
    /// <exception cref="GrainOperationException">It stands already, or the bundle that is given cannot be used.</exception>
    public static FederationState Put(FederationState state, PutFederation wanted, TimeSpan skew, DateTimeOffset now)
    {
        var stands = Exists(state);
        if (stands && state.OperationId == wanted.OperationId)
        {
            return state;
        }

        if (stands && !(wanted.Configured && state.Configured))
        {
            throw new GrainOperationException(
                RefusalCode.Conflict, "federation_exists", $"There is a relationship with '{wanted.TrustDomain}' already; delete it first to state it anew.");
        }

        if (stands && IsAsWanted(state, wanted))
        {
            return state;
        }

        // Another bundle to begin with is the operator's word that what was believed so far does not count.
        var anew = !stands || (wanted.Bundle is not null && !wanted.Bundle.AsSpan().SequenceEqual(state.Bootstrap));
        var next = (anew ? new FederationState { CreatedAt = stands ? state.CreatedAt : now } : state) with
        {
            Url = wanted.Url, Profile = wanted.Profile, EndpointSpiffeId = wanted.EndpointSpiffeId, WebRoots = wanted.WebRoots, Configured = wanted.Configured,
            Number = NextNumber(state, now), NextAt = now, OperationId = wanted.OperationId, Newer = state.Newer,
        };
        if (anew && wanted.Bundle is not null)
        {
            var foreign = TrustDomain.Parse(wanted.TrustDomain);
            var (judged, _, message) = FederationTrust.Judge(wanted.Bundle, foreign, skew, now);
            next = judged is null
                ? throw new GrainOperationException(RefusalCode.InvalidArgument, "bundle_unusable", $"bundle: {message}")
                : Believe(next with { Bootstrap = wanted.Bundle }, wanted.Bundle, judged, now);
        }

        return next.Profile == BundleEndpointProfile.Spiffe && next.Bundle is null && SpiffeId.Parse(next.EndpointSpiffeId!).TrustDomain.Name == wanted.TrustDomain
            ? throw new GrainOperationException(
                RefusalCode.InvalidArgument, "bundle_missing",
                $"The endpoint is one of '{wanted.TrustDomain}' itself: give that trust domain's bundle to begin with, got by a way that you trust.")
            : next;
    }

    /// <summary>Ends it. What is left is its number.</summary>
    public static FederationState Delete(FederationState state, string operationId, DateTimeOffset now) =>
        new() { Deleted = true, Number = NextNumber(state, now), OperationId = operationId, Newer = state.Newer };

    /// <summary>Takes a document that an endpoint gave, or refuses it and says so in the state.</summary>
    public static FederationState Fetched(
        FederationState state, byte[] body, TrustDomain foreign, FederationOptions options, TimeSpan skew, double jitter, DateTimeOffset now)
    {
        var (judged, reason, message) = FederationTrust.Judge(body, foreign, skew, now);
        if (judged is null)
        {
            return Failed(state, reason, message, options, jitter, now);
        }

        var known = state.Bundle is null ? null : Read(state.Bundle, foreign);
        var same = known is not null && known.HasSameAuthorities(judged.Published);
        if (CheckSequence(state.Sequence, judged.Published.Sequence, same) is { } refused)
        {
            return Failed(state, refused.Reason, refused.Message, options, jitter, now);
        }

        // Agents have no use for sequence and hint: what they hold changes with the keys alone.
        var unchanged = state.Trusted is not null && Read(state.Trusted, foreign)?.HasSameAuthorities(judged.Trusted) == true;
        var next = Believe(state, body, judged, now);
        return next with
        {
            Number = unchanged ? state.Number : NextNumber(state, now),
            ChangedAt = unchanged ? state.ChangedAt : now,
            LastSuccessAt = now, FailureReason = null, Failure = null, Failures = 0,
            NextAt = now + (Interval(next.RefreshHintSeconds, options) * jitter),
        };
    }

    /// <summary>A fetch that was not good, or whose document is refused. Asked again at the next interval: no peer is hammered.</summary>
    public static FederationState Failed(FederationState state, string reason, string message, FederationOptions options, double jitter, DateTimeOffset now) => state with
    {
        LastFailureAt = now, FailureReason = reason, Failure = message.Length > MaxFailureChars ? message[..MaxFailureChars] : message,
        Failures = state.Failures == int.MaxValue ? int.MaxValue : state.Failures + 1,
        NextAt = now + ((state.LastSuccessAt is null ? options.MinPoll : Interval(state.RefreshHintSeconds, options)) * jitter),
    };

    /// <summary>Looks again at what is trusted, now that a root began or ended; the same state before that.</summary>
    public static FederationState Review(FederationState state, TrustDomain foreign, TimeSpan skew, DateTimeOffset now)
    {
        if (state.Bundle is null || state.ReviewAt is not { } due || due > now)
        {
            return state;
        }

        // When the last root ended none is left, and that is what is trusted then.
        var (judged, _, message) = FederationTrust.Judge(state.Bundle, foreign, skew, now);
        var published = judged?.Published ?? Read(state.Bundle, foreign)!;
        var next = Believe(state, state.Bundle, judged ?? new JudgedBundle(published, published.WithX509Authorities([]), [message], null), now);
        return next with { Number = NextNumber(state, now), ChangedAt = now };
    }

    public static TimeSpan Interval(int? hintSeconds, FederationOptions options)
    {
        var hint = hintSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : UsualHint;
        return hint < options.MinPoll ? options.MinPoll : hint > options.MaxPoll ? options.MaxPoll : hint;
    }

    /// <summary>
    /// The rule of sequences; null when the bundle may be taken. One without is taken only while none ever had one: else leaving it out would be the way
    /// around the check.
    /// </summary>
    /// <param name="highest">Ever taken.</param>
    /// <param name="offered">Of the new bundle.</param>
    /// <param name="same">It holds the same keys as the last good one.</param>
    internal static (string Reason, string Message)? CheckSequence(ulong? highest, ulong? offered, bool same) => (highest, offered) switch
    {
        (null, _) => null,
        ({ } most, null) => ("sequence_missing", $"The bundle has no spiffe_sequence; one with {most} was taken before."),
        ({ } most, { } number) when number < most => ("sequence_rollback", $"The bundle has spiffe_sequence {number}; one with {most} was taken before."),
        ({ } most, { } number) when number == most && !same => ("sequence_reused", $"The bundle has other keys than the one that was taken with the same spiffe_sequence {most}."),
        _ => null,
    };

    public static FederationView View(FederationState state, TrustDomain foreign)
    {
        var trusted = state.Trusted is null ? null : Read(state.Trusted, foreign);
        return new FederationView(
            foreign.Name, state.Url ?? "", state.Profile ?? "", state.EndpointSpiffeId, state.Configured, state.CreatedAt, state.Number, state.Sequence,
            state.RefreshHintSeconds, [.. (trusted?.X509Authorities ?? []).Select(root => new FederatedRoot(root.AuthorityId, root.NotBefore, root.NotAfter))],
            trusted?.JwtAuthorities.Count ?? 0, state.LeftOut ?? [], state.ChangedAt, state.LastSuccessAt, state.NextAt, state.LastFailureAt, state.FailureReason,
            state.Failure, state.Failures);
    }

    public static SpiffeBundle? Read(byte[] jwks, TrustDomain foreign) => SpiffeBundle.TryRead(jwks, foreign, out var bundle, out _) ? bundle : null;

    private static FederationState Believe(FederationState state, byte[] body, JudgedBundle judged, DateTimeOffset now) => state with
    {
        Bundle = body,
        Trusted = judged.Trusted.WriteJwks(),
        LeftOut = judged.LeftOut.IsEmpty ? null : judged.LeftOut,
        ReviewAt = judged.ReviewAt,
        Sequence = judged.Published.Sequence ?? state.Sequence,
        RefreshHintSeconds = judged.Published.RefreshHint is { } hint ? (int)Math.Min(hint.TotalSeconds, int.MaxValue) : null,
        ChangedAt = state.ChangedAt ?? now,
    };

    private static long NextNumber(FederationState state, DateTimeOffset now) => Math.Max(state.Number + 1, now.ToUnixTimeMilliseconds());

    private static bool IsAsWanted(FederationState state, PutFederation wanted) =>
        (state.Url, state.Profile, state.EndpointSpiffeId, state.WebRoots) == (wanted.Url, wanted.Profile, wanted.EndpointSpiffeId, wanted.WebRoots)
        && (wanted.Bundle is null || wanted.Bundle.AsSpan().SequenceEqual(state.Bootstrap));
}
