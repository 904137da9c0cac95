using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>A foreign bundle after it was judged.</summary>
/// <param name="Published">All that it says.</param>
/// <param name="Trusted">What of it is trusted now.</param>
/// <param name="LeftOut">Keys that are not, and why.</param>
/// <param name="ReviewAt">When that changes by the clock alone; null when it does not.</param>
internal sealed record JudgedBundle(SpiffeBundle Published, SpiffeBundle Trusted, ImmutableArray<string> LeftOut, DateTimeOffset? ReviewAt);
