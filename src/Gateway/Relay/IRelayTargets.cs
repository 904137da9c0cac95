namespace MeshGrains.Gateway;

/// <summary>Which silos take relayed calls.</summary>
public interface IRelayTargets
{
    /// <summary>Their relay addresses, <c>host:port</c>, without this process's own. Asked about once a second at most; answers from what is known.</summary>
    /// <exception cref="IOException">They cannot be told now; the ones known before stay in use.</exception>
    ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken);
}
