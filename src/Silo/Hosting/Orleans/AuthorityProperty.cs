using Orleans.Metadata;
using Orleans.Runtime;

namespace MeshGrains.Silo;

/// <summary>Writes into this silo's grain manifest whether it is an authority.</summary>
internal sealed class AuthorityProperty(SiloRoles roles) : IGrainPropertiesProvider
{
    public void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        if (roles.Authority && AuthorityPlacement.Covers(grainType))
        {
            properties[AuthorityPlacement.Property] = bool.TrueString;
        }
    }
}
