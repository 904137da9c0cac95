namespace MeshGrains.LocalCluster;

/// <summary>How a cluster is.</summary>
/// <param name="Phase">starting, running, stopping or failed.</param>
/// <param name="Fault">Why it failed; null otherwise.</param>
/// <param name="TrustDomain">Whose control plane it is.</param>
/// <param name="Pid">The supervisor's process.</param>
/// <param name="Gateway">Null while there is none.</param>
/// <param name="Silos">In the order of their numbers.</param>
/// <param name="Stores">Redis and the blob service.</param>
public sealed record ClusterStatus(
    string Phase, string? Fault, string TrustDomain, int Pid, MemberStatus? Gateway, IReadOnlyList<MemberStatus> Silos, IReadOnlyList<MemberStatus> Stores)
{
    public const string Starting = "starting";
    public const string Running = "running";
    public const string Stopping = "stopping";
    public const string Failed = "failed";

    public bool IsReady => Phase == Running && Gateway?.Ready != false && Silos.All(silo => silo.Ready == true);

    public static async Task<ClusterStatus> OfAsync(
        string phase, string? fault, string trustDomain, MeshCluster? cluster, CancellationToken cancellationToken)
    {
        if (cluster is null)
        {
            return new ClusterStatus(phase, fault, trustDomain, Environment.ProcessId, null, [], []);
        }

        var issuers = await IssuingCas.BySiloAsync(cluster, cancellationToken);
        var silos = await Task.WhenAll(cluster.Silos.Select(silo => OfAsync(silo, issuers.GetValueOrDefault(silo.Name), cancellationToken)));
        var gateway = cluster.Gateway is { } front ? await OfAsync(front, null, cancellationToken) : null;
        var stores = cluster.Stores;
        return new ClusterStatus(
            phase, fault, trustDomain, Environment.ProcessId, gateway, silos,
            [Of("redis", stores.RedisProcess, stores.Redis.Address), Of("azurite", stores.AzuriteProcess, stores.Blob.Endpoint)]);
    }

    private static async Task<MemberStatus> OfAsync(ClusterMember member, string? issuingCa, CancellationToken cancellationToken)
    {
        var readiness = await member.ReadinessAsync(cancellationToken);
        var endpoints = member.Endpoints;
        var process = member.Process;
        return new MemberStatus(
            member.Name, member.Roles, process.Id, Words.Of(process.State), readiness.IsReady, readiness.IsReady ? null : readiness.Why,
            endpoints?.Gateway.GetLeftPart(UriPartial.Authority), endpoints?.Operations.GetLeftPart(UriPartial.Authority), issuingCa, process.Since,
            process.Restarts, process.LastEnd);
    }

    private static MemberStatus Of(string name, SupervisedProcess? process, string address) => process is null
        ? new MemberStatus(name, [], null, "given", null, null, address, null, null, null, 0, null)
        : new MemberStatus(name, [], process.Id, Words.Of(process.State), null, null, address, null, null, process.Since, process.Restarts, process.LastEnd);
}
