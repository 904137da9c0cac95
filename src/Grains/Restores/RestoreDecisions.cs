namespace MeshGrains.Grains;

/// <summary>What a declared restore changes, as pure functions. Declaring twice is two restores: the numbers move on once more.</summary>
internal static class RestoreDecisions
{
    private const int RememberedRestores = 16;

    /// <summary>The longest that anything may live which was issued before the restore and which the restored state does not know of.</summary>
    public static TimeSpan LongestLife(CaOptions ca, SvidOptions svid, JwtOptions jwt) =>
        new[] { ca.IssuingCaTtl, svid.MaxTtl, jwt.MaxTtl + jwt.ReserveAhead }.Max() + svid.ClockSkew;

    /// <param name="shown">The highest bundle number that anybody may have seen.</param>
    /// <param name="denied">The highest number of the denial set that anybody may have seen.</param>
    /// <param name="stored">The number of the restored denial set.</param>
    public static DeclaredRestore Declare(
        TrustDomainState state, long shown, long denied, long stored, string reason, string actor, TimeSpan longestLife, DateTimeOffset now)
    {
        var shut = now + longestLife;
        return new DeclaredRestore
        {
            At = now,
            Actor = actor,
            Reason = reason,
            // A member cluster's number is the home's, which alone gives the next one.
            BundleNumber = state.Follows is null ? Math.Max(state.BundleNumber, shown) + 1 : state.BundleNumber,
            DenialNumber = Math.Max(stored, denied) + 1,
            RetireGatesShutUntil = state.RetireGatesShutUntil is { } standing && standing > shut ? standing : shut,
        };
    }

    public static TrustDomainState Apply(TrustDomainState state, DeclaredRestore restore, string operationId)
    {
        var restores = (state.Restores ?? []).Add(restore);
        return state with
        {
            BundleNumber = restore.BundleNumber,
            RetireGatesShutUntil = restore.RetireGatesShutUntil,
            Restores = restores.Length > RememberedRestores ? restores.RemoveAt(0) : restores,
            OperationId = operationId,
        };
    }
}
