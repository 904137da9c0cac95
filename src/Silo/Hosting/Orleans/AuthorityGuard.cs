using Orleans;

namespace MeshGrains.Silo;

/// <summary>On a silo without the role: an authority grain that was placed here all the same answers nothing.</summary>
internal sealed class AuthorityGuard : IIncomingGrainCallFilter
{
    public Task Invoke(IIncomingGrainCallContext context) =>
        AuthorityPlacement.Covers(context.TargetId.Type) ? throw AuthorityPlacementDirector.NoAuthority() : context.Invoke();
}
