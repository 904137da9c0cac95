namespace MeshGrains.Gateway.Tests.Relay;

internal sealed class TestTargets : IRelayTargets
{
    public IReadOnlyList<string> Addresses { get; set; } = [];

    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Addresses);
}
