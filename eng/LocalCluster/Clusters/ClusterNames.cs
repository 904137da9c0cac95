namespace MeshGrains.LocalCluster;

/// <summary>What the processes of a cluster are called and what they do.</summary>
public static class ClusterNames
{
    public const string Gateway = "gateway";
    public const string Authority = "authority";
    public const string Issuer = "issuer";

    /// <summary>Two may hold the root's permission, so that one can be away; all others only issue.</summary>
    private const int Authorities = 2;

    /// <param name="number">From 1.</param>
    public static string Silo(int number) => $"silo-{number}";

    public static IReadOnlyList<string> Roles(int number) => number <= Authorities ? [Authority, Issuer] : [Issuer];
}
