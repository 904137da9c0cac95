using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// This process as a silo: the configured name, and an incarnation that no other process start has. Two processes of one name, an old one frozen
/// and a new one started, are told apart by it: budgets count by name, leases and issuing CAs by incarnation.
/// </summary>
public sealed class SiloIdentity
{
    private readonly TaskCompletionSource<string> _relay = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SiloIdentity(IOptions<TrustDomainOptions> options, IRandomSource random)
    {
        Name = options.Value.Silo;
        Incarnation = random.NewId();
        if (!options.Value.TakesRelayedCalls)
        {
            _relay.SetResult("");
        }
    }

    public string Name { get; }

    public string Incarnation { get; }

    /// <summary>The address at which this silo takes relayed calls, once it is known; empty when it takes none.</summary>
    internal Task<string> RelayEndpoint => _relay.Task;

    /// <summary>
    /// Tells the address, <c>host:port</c>, at which relays reach this silo; the issuing CA is asked for when it is known, and listed with it.
    /// Needed once where <see cref="TrustDomainOptions.TakesRelayedCalls"/> is set.
    /// </summary>
    public void AnnounceRelay(string endpoint) => _relay.TrySetResult(endpoint);
}
