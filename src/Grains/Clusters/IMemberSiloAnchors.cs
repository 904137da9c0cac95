using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>The anchors of member clusters' silos, out of <see cref="MemberClusterOptions.SiloCaFile"/>.</summary>
public interface IMemberSiloAnchors
{
    /// <exception cref="GrainOperationException">They cannot be read.</exception>
    SpiffeBundle Of(MemberClusterOptions member);
}
