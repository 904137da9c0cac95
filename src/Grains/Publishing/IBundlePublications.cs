namespace MeshGrains.Grains;

/// <summary>What this silo publishes, and how far it has come. Read from memory.</summary>
public interface IBundlePublications
{
    /// <summary>One for each configured output, in the order of the configuration; empty without outputs.</summary>
    IReadOnlyList<BundlePublication> Current { get; }

    /// <summary>Raised after an output shows another number or another failure.</summary>
    event Action? Changed;
}
