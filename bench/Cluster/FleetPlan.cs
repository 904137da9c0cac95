namespace MeshGrains.Bench;

/// <summary>What fleet is measured.</summary>
internal sealed record FleetPlan(int Workloads, FleetStore Store);
