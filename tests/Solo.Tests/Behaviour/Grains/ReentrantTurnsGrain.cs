using Orleans;
using Orleans.Concurrency;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[Reentrant]
[GrainType("turns.reentrant")]
public sealed class ReentrantTurnsGrain(Probe probe) : TurnsGrainBase(probe), ITurnsGrain;
