namespace MeshGrains.Grains;

/// <summary>
/// How a number of the home's denial set stands in a member. <paramref name="EffectiveAt"/>: by then every silo of it refused by that number; null while that was
/// not heard. <paramref name="IsCutOff"/>: nothing was heard for longer than a lease, so that nobody knows by what it issues. Times are by the home's clock.
/// </summary>
public sealed record MemberDenials(string Cluster, DateTimeOffset? EffectiveAt, DateTimeOffset? HeardAt, bool IsCutOff);
