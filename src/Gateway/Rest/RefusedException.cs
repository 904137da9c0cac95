using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>Ends a REST request with a refusal. Requests of operators are few, so an exception costs nothing that counts.</summary>
internal sealed class RefusedException(Refusal refusal) : Exception(refusal.Message)
{
    public Refusal Refusal { get; } = refusal;
}
