using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>What a trust domain decides about its clusters' JWT authorities, as pure functions. Every change of them is a change of the bundle.</summary>
internal static class JwtPublishing
{
    private const int MaxPerCluster = 32;
    private const int MaxAuthorities = 256;

    /// <summary>Puts the key into the bundle; the same state when it lies there. Forgets, on the way, keys whose last token has ended long ago.</summary>
    /// <exception cref="GrainOperationException">It is no key that can be published, or there are too many.</exception>
    public static TrustDomainState Publish(TrustDomainState state, PublishJwtAuthority command, TimeSpan skew, DateTimeOffset now)
    {
        var wanted = command.Authority;
        if (!PublicKeyInfo.TryRead(wanted.SubjectPublicKeyInfo, out var key, out _) || JwtAlgorithms.Of(key.Kind) is null
            || KeyIdentifier.AuthorityId(key) != wanted.KeyId || wanted.NotAfter <= now)
        {
            throw new GrainOperationException(
                RefusalCode.InvalidArgument, "bad_jwt_authority", "A JWT authority is a P-256, P-384 or RSA key named by its key identifier, with an end in the future.");
        }

        if (state.BundleNumber == 0)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "no_root", "The trust domain has no bundle yet that a JWT authority could be put into.");
        }

        var standing = state.JwtAuthorities ?? [];
        if (standing.Any(known => known.KeyId == wanted.KeyId && known.Cluster == wanted.Cluster))
        {
            return state;
        }

        var kept = state.RetireGatesShutUntil > now ? standing : standing.RemoveAll(known => known.NotAfter + skew < now);
        if (kept.Length >= MaxAuthorities || kept.Count(known => known.Cluster == wanted.Cluster) >= MaxPerCluster || kept.Any(known => known.KeyId == wanted.KeyId))
        {
            throw new GrainOperationException(
                RefusalCode.ResourceExhausted, "jwt_authorities_full",
                $"The trust bundle holds {kept.Length} JWT authorities, too many for another of cluster {wanted.Cluster}; it waits until old ones have ended.");
        }

        return state with
        {
            JwtAuthorities = kept.Add(new PublishedJwtAuthority
            {
                KeyId = wanted.KeyId, Cluster = wanted.Cluster, SubjectPublicKeyInfo = wanted.SubjectPublicKeyInfo, PublishedAt = now, NotAfter = wanted.NotAfter,
            }),
            BundleNumber = state.BundleNumber + 1,
            OperationId = $"{command.OperationId}:jwt-published",
        };
    }

    /// <summary>Takes a key out of the bundle; null while a declared restore keeps everything in it.</summary>
    public static TrustDomainState? Withdraw(TrustDomainState state, string cluster, string keyId, string operationId, DateTimeOffset now)
    {
        var standing = state.JwtAuthorities ?? [];
        var kept = standing.RemoveAll(known => known.KeyId == keyId && known.Cluster == cluster);
        return kept.Length == standing.Length ? state
            : state.RetireGatesShutUntil > now ? null
            : state with { JwtAuthorities = kept, BundleNumber = state.BundleNumber + 1, OperationId = $"{operationId}:jwt-withdrawn" };
    }

    /// <summary>Takes a tainted key out of the bundle, a declared restore or not: who stole it signs meanwhile.</summary>
    public static TrustDomainState Revoke(TrustDomainState state, string cluster, string keyId, string operationId)
    {
        var standing = state.JwtAuthorities ?? [];
        var kept = standing.RemoveAll(known => known.KeyId == keyId && known.Cluster == cluster);
        return kept.Length == standing.Length
            ? state
            : state with { JwtAuthorities = kept, BundleNumber = state.BundleNumber + 1, OperationId = $"{operationId}:jwt-revoked" };
    }

    public static ImmutableArray<JwtAuthorityView> View(TrustDomainState state) =>
        [.. (state.JwtAuthorities ?? []).Select(key => new JwtAuthorityView(key.KeyId, key.Cluster, key.SubjectPublicKeyInfo, key.NotAfter))];
}
