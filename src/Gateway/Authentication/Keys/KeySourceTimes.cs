namespace MeshGrains.Gateway;

/// <summary>
/// How a key source keeps time. <paramref name="Refresh"/>: keys are asked for anew in use when older; <paramref name="MaxAge"/>: keys that
/// could not be confirmed for so long are no longer used; <paramref name="Between"/>: shortest time between two loads, whatever tokens claim;
/// <paramref name="BetweenFailures"/>: the same after a load that failed.
/// </summary>
internal sealed record KeySourceTimes(TimeSpan Refresh, TimeSpan MaxAge, TimeSpan Between, TimeSpan BetweenFailures)
{
    public static KeySourceTimes ForFile(KubernetesIssuerOptions options)
        => new(TimeSpan.FromSeconds(30), options.MaxKeyAge, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5));

    public static KeySourceTimes ForEndpoint(KubernetesIssuerOptions options)
        => new(options.KeyRefresh, options.MaxKeyAge, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5));
}
