using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour;

/// <summary>A running grain host with the test grains in it. Disposing stops it gracefully.</summary>
public interface IGrainHostFixture : IAsyncDisposable
{
    /// <summary>The factory as code outside grains has it.</summary>
    IGrainFactory Grains { get; }
}
