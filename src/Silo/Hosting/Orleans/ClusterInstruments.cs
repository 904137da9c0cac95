using System.Diagnostics.Metrics;
using Orleans.Runtime;

namespace MeshGrains.Silo;

/// <summary>What is measured of the cluster. No label names a silo: rows of dead ones would stay for ever.</summary>
internal sealed class ClusterInstruments
{
    public const string MeterName = "MeshGrains.Silo";

    private readonly Counter<long> _looks;

    public ClusterInstruments(IMeterFactory meters, ISiloStatusOracle silos, ClusterView view)
    {
        var meter = meters.Create(MeterName);
        _looks = meter.CreateCounter<long>("meshgrains.cluster.looks", description: "Looks after this silo's own row of the membership table, by result: ok, fault or unanswered.");
        meter.CreateObservableGauge(
            "meshgrains.cluster.active_silos", () => silos.GetApproximateSiloStatuses(onlyActive: true).Count, description: "Silos that this one believes to be active members, itself included.");
        meter.CreateObservableGauge(
            "meshgrains.cluster.joined", () => silos.CurrentStatus == SiloStatus.Active ? 1 : 0, description: "1 while this silo is an active member of its cluster.");
        meter.CreateObservableGauge(
            "meshgrains.cluster.table_silence", () => view.Silence.TotalSeconds, "s", "Time since the membership table last answered this silo.");
    }

    public void Looked(string result) => _looks.Add(1, new KeyValuePair<string, object?>("result", result));
}
