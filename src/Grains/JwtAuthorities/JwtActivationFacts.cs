namespace MeshGrains.Grains;

/// <summary>Who of this cluster does not hold the bundle that a prepared JWT authority was published with; <paramref name="Failure"/> where it could not be told.</summary>
internal sealed record JwtActivationFacts(Shortfall Silos, Shortfall Agents, string? Failure)
{
    public bool IsHeldBySilos => Failure is null && Silos.Count == 0;

    public bool IsHeldByAll => IsHeldBySilos && Agents.Count == 0;
}
