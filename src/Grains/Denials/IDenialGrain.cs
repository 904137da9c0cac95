namespace MeshGrains.Grains;

/// <summary>The denial set of a trust domain, and which silo holds which number of it. Key: the trust domain's name.</summary>
[Alias("mg.IDenialGrain")]
public interface IDenialGrain : IGrainWithStringKey
{
    [Alias("Read")]
    Task<DenialSet> ReadAsync();

    /// <summary>Adds a denial (the number in it is ignored). One that stands already keeps its number. Pushed to every subscribed silo before returning.</summary>
    [Alias("Add")]
    Task<DenialReceipt> AddAsync(Denial denial);

    [Alias("Remove")]
    Task<DenialReceipt> RemoveAsync(DenialKind kind, string subject, string reason, string actor, string operationId);

    /// <summary>
    /// A silo confirms that it refuses by the set of <paramref name="number"/>, and is pushed later ones through <paramref name="silo"/>.
    /// Repeated within the denial lease; answers the newest set.
    /// </summary>
    [Alias("Confirm")]
    Task<DenialSet> ConfirmAsync(string siloName, long number, IDenialObserver silo);

    [Alias("Status")]
    Task<DenialReceipt> StatusAsync(long number);
}
