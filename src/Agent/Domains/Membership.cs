using MeshGrains.Agent.ControlPlane;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.KeyStore;
using MeshGrains.Agent.Svids;
using MeshGrains.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Domains;

/// <summary>
/// This agent in one trust domain: its own attestation, identity, stream, state and sealed files. Memberships share the clock, the attestation of workloads and nothing
/// that bears trust.
/// </summary>
internal sealed class Membership : IDisposable
{
    private readonly InstanceMetadata _metadata;
    private readonly IAgentKeyStore _store;

    /// <param name="options">As this trust domain's part of the agent reads it.</param>
    /// <param name="state">Made of its bootstrap bundle.</param>
    /// <param name="isAlone">Logs need not tell which trust domain they are about.</param>
    /// <param name="services">What all share.</param>
    /// <exception cref="ConfigurationException">Its key store cannot be used.</exception>
    public Membership(AgentConfiguration options, AgentState state, bool isAlone, IServiceProvider services)
    {
        var (time, jitter) = (services.GetRequiredService<TimeProvider>(), services.GetRequiredService<IJitter>());
        var metrics = services.GetRequiredService<AgentMetrics>().Of(state.TrustDomain);
        var loggers = services.GetRequiredService<ILoggerFactory>();
        (Options, Served, Link) = (options, new ServedDomain(state, new BundleConsumers(), new SvidDemand()), new ControlPlaneLink(time));
        _store = options.KeyStore.Mode == KeyStoreOptions.Disk
            ? new DiskKeyStore(options.KeyStore, TrustDomain, time, Logger<DiskKeyStore>()) : new MemoryKeyStore();
        _metadata = new InstanceMetadata(new Uri(options.Node.Aws.Metadata));
        var reissues = new ReissueSchedule(state, time);
        Tokens = new JwtSvidCache(state, new JwtIssuer(Link), options, metrics, jitter, time, Logger<JwtSvidCache>());
        Keeper = options.KeyStore.Mode == KeyStoreOptions.Disk ? new StateKeeper(state, _store, options, time, Logger<StateKeeper>()) : null;
        Loop = new ControlPlaneLoop(
            state, Link, new SyncSession(state, Served.Consumers, metrics, jitter, time, Logger<SyncSession>()), new NodeAttestation(options.Node, TrustDomain, _metadata),
            new GatewayCheck(state, SpiffeId.FromPath(TrustDomain, options.ControlPlane.GatewayPath), time), _store, options, TrustDomain, reissues, metrics, jitter, time,
            Logger<ControlPlaneLoop>());
        Renewer = new SvidRenewer(state, Served.Demand, reissues, Link, options, metrics, jitter, time, Logger<SvidRenewer>());

        ILogger<T> Logger<T>() => isAlone ? loggers.CreateLogger<T>() : new DomainLogger<T>(loggers.CreateLogger<T>(), state.TrustDomain.Name);
    }

    public AgentConfiguration Options { get; }

    public ServedDomain Served { get; }

    public ControlPlaneLink Link { get; }

    public JwtSvidCache Tokens { get; }

    public TrustDomain TrustDomain => Served.State.TrustDomain;

    /// <summary>Null where nothing is kept.</summary>
    public IHostedService? Keeper { get; }

    public IHostedService Loop { get; }

    public IHostedService Renewer { get; }

    /// <summary>What runs for it is disposed of by the host.</summary>
    public void Dispose()
    {
        (_store as IDisposable)?.Dispose();
        _metadata.Dispose();
    }
}
