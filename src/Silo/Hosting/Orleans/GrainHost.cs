using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Storage;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Serialization;

namespace MeshGrains.Silo;

/// <summary>
/// Orleans, the host that ships. A silo by itself and one of many differ only in where the membership table, the reminders and the state lie;
/// links are under mutual TLS with bootstrap certificates either way.
/// </summary>
internal static class GrainHost
{
    public const string Name = "Orleans";

    private const int MaxEnqueuedRequests = 5000;

    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(20);

    // A silo that missed three has no say any more in who is dead: so the last of three is alone in command before a denial lease is over.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);
    private const int MissedHeartbeats = 3;

    private static readonly TimeSpan TableRefresh = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan JoinPatience = TimeSpan.FromMinutes(2);

    /// <summary>What is wrong with those parts of a configuration that only this host reads.</summary>
    public static IEnumerable<string> Check(MeshConfiguration mesh) => ClusterStorage.Check(mesh.Storage);

    public static void Add(IHostApplicationBuilder builder, MeshConfiguration mesh, FileSiloBootstrap bootstrap, TimeProvider time)
    {
        _ = SiloAddressing.TryParse(mesh.Clustering, out var configured);
        var addressing = configured!.WithPort();
        var roles = SiloRoles.Of(mesh);
        var services = builder.Services;
        services.AddSingleton(new SiloEndpoint(addressing.Listen));
        if (mesh.Clustering.Redis.Length > 0)
        {
            // Before the silo, so that a Redis that is not there is told in a sentence, and waited for.
            services.AddSingleton(provider => ActivatorUtilities.CreateInstance<RedisLink>(provider, mesh.Clustering, mesh.Silo));
            services.AddHostedService(provider => provider.GetRequiredService<RedisLink>());
        }

        var tolerance = new X509SvidValidationOptions { ClockSkew = mesh.Svid.ClockSkew };
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = (ServiceId(mesh), mesh.Cluster));
            silo.Configure<SiloOptions>(options => options.SiloName = mesh.Silo);
            silo.Configure<EndpointOptions>(options =>
            {
                options.AdvertisedIPAddress = addressing.Advertised.Address;
                options.SiloPort = addressing.Advertised.Port;
                options.SiloListeningEndpoint = addressing.Listen;
                // No Orleans client comes from outside; without a gateway there is no port for one.
                options.GatewayPort = 0;
            });
            ConfigureMessaging(silo);
            ConfigureMembership(silo, mesh.Clustering);
            if (mesh.Clustering.Redis.Length > 0)
            {
                RedisCluster.Use(silo, mesh);
            }
            else
            {
                silo.UseLocalhostClustering(addressing.Advertised.Port, gatewayPort: 0, serviceId: ServiceId(mesh), clusterId: mesh.Cluster);
                silo.Configure<EndpointOptions>(options =>
                {
                    options.AdvertisedIPAddress = addressing.Advertised.Address;
                    options.SiloListeningEndpoint = addressing.Listen;
                    options.GatewayListeningEndpoint = null;
                });
                silo.AddReminders();
            }

            SiloLinks.Use(silo, new SiloLinks(bootstrap, mesh.TrustDomain, tolerance, time));
            AuthorityPlacement.Use(silo, roles);
            silo.AddOutgoingGrainCallFilter<GrainCallFailures>();
        });

        // Ours carry no secret and say what to do; without this a caller on another silo reads of a missing codec.
        services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add("MeshGrains"));

        // Even spread is what a fleet of small grains needs; load-driven placement would follow every busy minute.
        services.AddSingleton<PlacementStrategy, RandomPlacement>();
        services.Replace(ServiceDescriptor.Singleton<IFatalErrorHandler, FatalErrors>());
    }

    /// <summary>State and log: on blobs where those are named, else on SQLite.</summary>
    public static void AddStorage(IServiceCollection services, MeshConfiguration mesh, DataDirectory data)
    {
        if (mesh.Storage.BlobEndpoint.Length > 0)
        {
            ClusterStorage.Add(services, mesh.Storage);
        }
        else
        {
            services.AddMeshSqliteStorage(SqliteStorageOptions.Under(data.Path));
        }
    }

    /// <summary>One per trust domain and cluster: a slash is in neither name, so that no two clusters share a key.</summary>
    public static string ServiceId(MeshConfiguration mesh) => $"meshgrains/{mesh.TrustDomain}/{mesh.Cluster}";

    private static void ConfigureMessaging(ISiloBuilder silo)
    {
        silo.Configure<SiloMessagingOptions>(options =>
        {
            options.ResponseTimeout = ResponseTimeout;
            options.MaxEnqueuedRequestsHardLimit = MaxEnqueuedRequests;
            options.MaxEnqueuedRequestsHardLimit_StatelessWorker = MaxEnqueuedRequests;
            options.CancelRequestOnTimeout = true;
            options.MaxMessageHeaderSize = 1024 * 1024;
            options.MaxMessageBodySize = 64 * 1024 * 1024;
        });
        silo.Configure<LoadSheddingOptions>(options => options.LoadSheddingEnabled = true);
        silo.Configure<ReminderOptions>(options => options.MinimumReminderPeriod = TimeSpan.FromMinutes(1));
    }

    private static void ConfigureMembership(ISiloBuilder silo, ClusteringOptions clustering) => silo.Configure<ClusterMembershipOptions>(options =>
    {
        options.ProbeTimeout = clustering.ProbeInterval;
        options.NumMissedProbesLimit = clustering.MissedProbes;

        // What an operator reads out of the two keys has to hold: no silent stretching, and no trust in a socket that merely stands open.
        options.MaxProbeTimeout = clustering.ProbeInterval;
        options.EnableConnectionLivenessCheck = false;
        options.TableRefreshTimeout = TableRefresh;
        options.IAmAliveTablePublishTimeout = Heartbeat;
        options.NumMissedTableIAmAliveLimit = MissedHeartbeats;
        options.MaxJoinAttemptTime = JoinPatience;
    });
}
