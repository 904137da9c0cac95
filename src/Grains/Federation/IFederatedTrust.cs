using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The foreign bundles that this silo holds.</summary>
public interface IFederatedTrust
{
    /// <summary>By the foreign trust domain's name; each is for that trust domain's SVIDs alone.</summary>
    ImmutableDictionary<string, FederatedBundle> Current { get; }

    /// <summary>True once all that there is was read: what is missing then is not trusted.</summary>
    bool IsKnown { get; }

    /// <summary>Raised after <see cref="Current"/> changed. Handlers only signal.</summary>
    event Action? Changed;
}
