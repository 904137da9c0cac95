namespace MeshGrains.Bench;

/// <summary>What the end-to-end measurement found.</summary>
/// <param name="Load">What the load generator saw.</param>
/// <param name="Missing">Issued serials that the log does not hold.</param>
/// <param name="Duplicates">Serials that the log holds twice.</param>
/// <param name="AllocatedBytes">Managed bytes that the server allocated for one issuance; null when it does not tell.</param>
internal sealed record EndToEndFigures(LoadResult Load, int Missing, int Duplicates, double? AllocatedBytes)
{
    /// <summary>Null when everything issued is good and recorded, else what is wrong.</summary>
    public string? Fault =>
        Load.Failed > 0 ? $"{Load.Failed} calls failed, the first with {Load.FirstFailure}"
        : Load.Invalid > 0 ? $"{Load.Invalid} of {Load.Validated} certificates are not valid: {Load.FirstInvalid}"
        : Missing > 0 ? $"{Missing} of {Load.IssuedInAll} certificates are not in the log"
        : Duplicates > 0 ? $"{Duplicates} serials are in the log twice"
        : Load.Issued == 0 ? "nothing was issued"
        : null;
}
