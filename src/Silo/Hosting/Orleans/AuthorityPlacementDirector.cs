using System.Buffers.Binary;
using MeshGrains.Grains;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace MeshGrains.Silo;

internal sealed class AuthorityPlacementDirector(IClusterManifestProvider manifests, IRandomSource random) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = manifests.Current.Silos;
        var authorities = context.GetCompatibleSilos(target)
            .Where(silo => silos.TryGetValue(silo, out var manifest)
                && manifest.Grains.TryGetValue(target.GrainIdentity.Type, out var grain) && grain.Properties.ContainsKey(AuthorityPlacement.Property))
            .ToArray();
        if (authorities.Length == 0)
        {
            throw NoAuthority();
        }

        Span<byte> bytes = stackalloc byte[4];
        random.Fill(bytes);
        return Task.FromResult(authorities[BinaryPrimitives.ReadUInt32LittleEndian(bytes) % authorities.Length]);
    }

    public static GrainOperationException NoAuthority() => new(
        RefusalCode.Unavailable, "no_authority", "No silo of role authority is in the cluster: start one. What is certified already goes on being issued from.");
}
