using Orleans.Hosting;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace MeshGrains.Silo;

/// <summary>
/// Keeps the grains that use the KMS on silos of role authority. Each silo tells its role in its grain manifest, which every other silo reads
/// before it places anything there; a silo without the role turns away whatever reaches it all the same.
/// </summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking]
internal sealed class AuthorityPlacement : PlacementStrategy
{
    /// <summary>The property of a grain type in a silo's manifest.</summary>
    public const string Property = "mesh.authority";

    private static readonly GrainType[] Types =
    [
        GrainType.Create("trust-domain"), GrainType.Create("cluster-ca"), GrainType.Create("jwt-authority"), GrainType.Create("rotation"),
        GrainType.Create("revocation"),
    ];

    public static AuthorityPlacement Instance { get; } = new();

    public static bool Covers(GrainType type) => Types.Contains(type);

    public static void Use(ISiloBuilder silo, SiloRoles roles)
    {
        silo.Services.AddSingleton<IGrainPropertiesProvider>(new AuthorityProperty(roles));
        silo.Services.AddSingleton<IPlacementStrategyResolver, AuthorityPlacementResolver>();
        silo.Services.AddPlacementDirector<AuthorityPlacement, AuthorityPlacementDirector>();
        if (!roles.Authority)
        {
            silo.AddIncomingGrainCallFilter<AuthorityGuard>();
        }
    }
}
