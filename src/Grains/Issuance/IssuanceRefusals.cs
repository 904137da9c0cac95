namespace MeshGrains.Grains;

/// <summary>What stops certificates of workloads and of gateways alike.</summary>
internal static class IssuanceRefusals
{
    /// <summary>When a caller that was refused for the moment may come again.</summary>
    public static readonly TimeSpan RetryHint = TimeSpan.FromSeconds(1);

    public static Refusal DenialsStale { get; } = new(
        RefusalCode.Unavailable, "denials_stale", "This silo may not know the newest denials and issues nothing until it does; try again shortly.", RetryAfter: RetryHint);

    public static Refusal IssuerTainted { get; } = new(
        RefusalCode.Unavailable, "not_ready", "This silo's issuing CA was tainted and another is being asked for; try again shortly.", RetryAfter: RetryHint);
}
