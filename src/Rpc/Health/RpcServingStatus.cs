namespace MeshGrains.Rpc;

/// <summary>Whether a service takes calls.</summary>
public enum RpcServingStatus
{
    NotServing,
    Serving,
}
