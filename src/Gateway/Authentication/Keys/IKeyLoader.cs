namespace MeshGrains.Gateway;

/// <summary>Where an issuer's keys come from.</summary>
internal interface IKeyLoader
{
    /// <summary>For logs: a path or an address, never a secret.</summary>
    string Description { get; }

    /// <summary>Loads the keys; returns <paramref name="previous"/> itself when nothing changed.</summary>
    /// <exception cref="SourceUnavailableException">They could not be had, or what came is no key set.</exception>
    Task<VerificationKeySet> LoadAsync(VerificationKeySet previous, CancellationToken cancellationToken);
}
