namespace MeshGrains.Grains;

/// <summary>Agents replace every SVID that chains to this authority (an issuing CA or a root), spread over so many seconds; 0 for at once.</summary>
public sealed record ReissueOrder(string AuthorityId, int OverSeconds)
{
    /// <summary>A longer slope is no answer to a stolen key.</summary>
    public const int MaxOverSeconds = 24 * 3600;
}
