namespace MeshGrains.Gateway.Tests.Relay;

internal sealed class TestRelayCredentials : IRelayCredentials
{
    public required RelayIdentity Current { get; set; }
}
