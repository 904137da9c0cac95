using MeshGrains.Rpc;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>Who signs at the moment.</summary>
internal interface IIssuerLink
{
    /// <summary>Completes at the next change. Take it before <see cref="Issuer"/>, so that no change falls between.</summary>
    Task Changed { get; }

    /// <summary>Null while the control plane is not reached.</summary>
    ISvidIssuer? Issuer { get; }

    /// <summary>A call failed, and its connection may be to blame.</summary>
    void Failed(ISvidIssuer issuer, RpcException failure);
}
