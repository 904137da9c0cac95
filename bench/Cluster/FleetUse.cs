namespace MeshGrains.Bench;

/// <summary>What the processes of a fleet's cluster had used up to a moment.</summary>
/// <param name="ResidentMb">Resident memory of all silos, in MB of 1,048,576 bytes.</param>
/// <param name="HeapMb">Managed heap of all silos.</param>
/// <param name="SiloCpu">User and system time of all silos, in seconds.</param>
/// <param name="AzuriteCpu">Of Azurite.</param>
/// <param name="OwnCpu">Of the measuring process.</param>
/// <param name="MachineCpu">Of all processes of the machine.</param>
/// <param name="Requests">That the stand answered; 0 without one.</param>
internal sealed record FleetUse(double ResidentMb, double HeapMb, double SiloCpu, double AzuriteCpu, double OwnCpu, double MachineCpu, long Requests)
{
    private const double Megabyte = 1024 * 1024;

    public static async Task<FleetUse> ReadAsync(DrillCluster cluster, BlobStand? stand, CancellationToken cancellationToken)
    {
        var silos = cluster.Mesh.Silos;
        using var http = new HttpClient();
        double heap = 0;
        foreach (var silo in silos)
        {
            var text = await http.GetStringAsync(new Uri(silo.Endpoints!.Operations, "metrics"), cancellationToken);
            heap += (PrometheusSample.Find(text, "dotnet_total_memory_bytes") ?? 0) / Megabyte;
        }

        return new FleetUse(
            silos.Sum(silo => ProcessStat.ResidentMegabytes(silo.Process.Id!.Value)), heap, silos.Sum(silo => ProcessStat.CpuSeconds(silo.Process.Id!.Value)),
            cluster.Mesh.Stores.AzuriteProcess?.Id is { } azurite ? ProcessStat.CpuSeconds(azurite) : 0, ProcessStat.CpuSeconds(Environment.ProcessId),
            ProcessStat.MachineCpuSeconds(), stand?.Requests ?? 0);
    }
}
