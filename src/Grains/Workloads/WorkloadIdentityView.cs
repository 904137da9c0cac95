using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>A workload identity: its registrations and whether it is quarantined.</summary>
[GenerateSerializer, Immutable, Alias("mg.WorkloadIdentityView")]
public sealed record WorkloadIdentityView(
    [property: Id(0)] string SpiffeId,
    [property: Id(1)] ImmutableArray<RegistrationEntry> Entries,
    [property: Id(2)] Denial? Quarantine);
