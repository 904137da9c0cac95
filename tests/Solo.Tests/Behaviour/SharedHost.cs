using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour;

/// <summary>One host for all tests of a class, on the real clock. Each test uses keys of its own.</summary>
public sealed class SharedHost : IAsyncLifetime
{
    private GrainHost? _host;

    public HostSettings Settings { get; } = new();

    public IGrainFactory Grains => _host!.Grains;

    public async Task InitializeAsync() => _host = await GrainHost.StartAsync(Settings);

    public async Task DisposeAsync() => await _host!.DisposeAsync();
}
