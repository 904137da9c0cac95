using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>How a member cluster takes over its home's record of the trust domain, as pure functions.</summary>
internal static class FollowDecisions
{
    /// <summary>The home's record without what is the home's own business.</summary>
    public static TrustDomainState Shared(TrustDomainState state) => state with { Intents = [], OperationId = null, Restores = null, Follows = null };

    /// <summary>
    /// The member's record after it was told this one; the same where nothing is new. <paramref name="least"/> is the highest bundle number that was ever shown
    /// here. A declared restore of this cluster keeps its gates shut, whatever the home knows.
    /// </summary>
    /// <exception cref="GrainOperationException">It is older than what is known here, or another bundle under the same number.</exception>
    public static TrustDomainState Take(TrustDomainState state, TrustDomainState told, string name, string home, long least, string operationId)
    {
        var known = Math.Max(least, state.BundleNumber);
        if (told.BundleNumber < Math.Max(known, 1))
        {
            throw new GrainOperationException(
                RefusalCode.Conflict, "home_rolled_back",
                $"The home cluster {home} shows bundle {told.BundleNumber}, and bundle {known} was shown here: the home's state was rolled back. Declare its restore there.");
        }

        if (told.BundleNumber == state.BundleNumber && !BundleOf(told, name).HasSameAuthorities(BundleOf(state, name)))
        {
            throw new GrainOperationException(
                RefusalCode.Conflict, "home_disagrees",
                $"The home cluster {home} shows another bundle {told.BundleNumber} than it did before: two clusters act as the home. Find the one that is not.");
        }

        return Shared(told) with
        {
            Follows = home,
            Restores = state.Restores,
            RetireGatesShutUntil = told.RetireGatesShutUntil is { } theirs && !(state.RetireGatesShutUntil > theirs) ? theirs : state.RetireGatesShutUntil,
            OperationId = operationId,
        };
    }

    private static SpiffeBundle BundleOf(TrustDomainState state, string name) => TrustBundles.Of(TrustDomainDecisions.View(state, name));
}
