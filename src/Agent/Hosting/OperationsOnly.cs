namespace MeshGrains.Agent.Hosting;

/// <summary>Endpoint metadata: for the operations listener, never for the workloads' socket.</summary>
internal sealed class OperationsOnly
{
    public static OperationsOnly Instance { get; } = new();
}
