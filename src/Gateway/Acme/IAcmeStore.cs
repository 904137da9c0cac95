namespace MeshGrains.Gateway.Acme;

/// <summary>Keeps the document for all that answer to one name. Compare-and-swap by its number.</summary>
internal interface IAcmeStore
{
    /// <summary>The newest; number 0 when there is none.</summary>
    Task<AcmeDocument> LoadAsync(CancellationToken cancellationToken);

    /// <summary>False when another was first. The document bears the number that follows the stored one's.</summary>
    Task<bool> SaveAsync(AcmeDocument next, CancellationToken cancellationToken);
}
