using System.Diagnostics.CodeAnalysis;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace MeshGrains.Silo;

internal sealed class AuthorityPlacementResolver : IPlacementStrategyResolver
{
    public bool TryResolvePlacementStrategy(GrainType grainType, GrainProperties? properties, [MaybeNullWhen(false)] out PlacementStrategy result)
    {
        result = AuthorityPlacement.Covers(grainType) ? AuthorityPlacement.Instance : null;
        return result is not null;
    }
}
