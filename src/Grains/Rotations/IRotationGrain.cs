namespace MeshGrains.Grains;

/// <summary>
/// Gathers what a rotation waits on and brings it to the trust domain, which decides. It keeps nothing: where there are two, the trust domain's store is
/// the fence. Key: the trust domain's name.
/// </summary>
[Alias("mg.IRotationGrain")]
public interface IRotationGrain : IGrainWithStringKey
{
    /// <summary>Takes the rotation as far as its gates let it. Does nothing when none is under way or it was looked at a moment ago.</summary>
    [Alias("Tick")]
    Task TickAsync();

    /// <summary>What the last look found, without looking; the rotation alone where there was none yet.</summary>
    [AlwaysInterleave]
    [Alias("Seen")]
    Task<RotationStatus> SeenAsync();

    /// <summary>Which gates are open and who is missing, as of a moment ago; where that cannot be found out in time, as of the last look, with the trouble told.</summary>
    [AlwaysInterleave]
    [Alias("Status")]
    Task<RotationStatus> StatusAsync();

    /// <summary>In a member cluster: what there is to tell the home, as of a moment ago.</summary>
    [Alias("Report")]
    Task<ClusterReport> ReportAsync();
}
