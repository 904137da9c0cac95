using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[GrainType("turns")]
public sealed class TurnsGrain(Probe probe) : TurnsGrainBase(probe), ITurnsGrain;
