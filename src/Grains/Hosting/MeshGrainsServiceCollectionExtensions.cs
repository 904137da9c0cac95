using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

public static class MeshGrainsServiceCollectionExtensions
{
    /// <summary>
    /// Adds what grains and issuance need beside a grain host, a key manager (<c>IKeyManager</c>), a bootstrap identity
    /// (<see cref="ISiloBootstrap"/>), the fetcher of foreign bundles (<see cref="IBundleFetcher"/>) and the stores. Options are bound and validated by the caller's configuration.
    /// </summary>
    public static IServiceCollection AddMeshGrains(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IRandomSource, SystemRandomSource>();
        services.TryAddSingleton<ISerialSource, RandomSerialSource>();
        services.TryAddSingleton<IUpstreamCa>(new NoUpstreamCa(UpstreamMode.None));
        services.AddSingleton<IStateCodec, StateCodec>();
        services.AddSingleton<RecordAuthenticator>();
        services.AddSingleton<IRecordAuthenticator>(provider => provider.GetRequiredService<RecordAuthenticator>());
        services.AddSingleton<IJoinTokenService, JoinTokenService>();
        services.AddSingleton<SiloIdentity>();
        services.AddSingleton<IssuerSource>();
        services.AddSingleton<IssuanceInstruments>();
        services.AddSingleton<RegistrationResolver>();
        services.AddSingleton<RegistrationChanges>();
        services.AddSingleton<EntryBatches>();
        services.AddSingleton<IAgentDirectory, AgentDirectory>();
        services.AddSingleton<ReissueOrders>();
        services.AddSingleton<IReissueOrders>(provider => provider.GetRequiredService<ReissueOrders>());
        services.AddSingleton<IIssuanceService, IssuanceService>();
        services.AddSingleton<JwtKeySeal>();
        services.AddSingleton<AcmeSeal>();
        services.AddSingleton<JwtSigningSource>();
        services.AddSingleton<IJwtIssuanceService, JwtIssuanceService>();
        services.AddSingleton<IGatewayCertificateIssuer, GatewayCertificateIssuer>();
        services.AddSingleton<FederationInstruments>();
        services.AddSingleton<IFederatedTrust>(provider => provider.GetRequiredService<FederatedBundles>());

        services.AddSingleton<ICrlSource, CrlSource>();
        services.AddSingleton<CrlInstruments>();

        services.AddHostedSingleton<RecordKeyRing>();

        // What publishes waits for the denials' replica, which tells how far it has come.
        services.AddSingleton(provider => new Lazy<IBundlePublications?>(provider.GetService<IBundlePublications>));
        services.AddHostedSingleton<DenialReplica>();
        services.AddHostedSingleton<RegistrationNewsLink>();
        services.AddHostedSingleton<IssuingCaLifecycle>();
        services.AddHostedSingleton<BundleWatch>();
        services.AddHostedSingleton<JwtAuthorityLifecycle>();
        services.AddHostedSingleton<MaintenanceWatchdog>();
        services.AddSingleton<BundleAcknowledgements>();
        services.AddHostedSingleton<CrlPublisher>();
        services.TryAddSingleton<MemberClusters>();
        services.TryAddSingleton<IHomeCluster, NoHomeCluster>();
        services.AddSingleton<RotationFactFinder>();
        services.AddSingleton<RotationInstruments>();
        services.AddHostedSingleton<RotationDriver>();
        services.AddHostedSingleton<FederatedBundles>();
        services.AddHostedSingleton<FederationWatchdog>();
        services.AddSingleton<RestoreDeclaration>();

        services.AddValidatedOptions<TrustDomainOptions, TrustDomainOptionsValidator>();
        services.AddValidatedOptions<CaOptions, CaOptionsValidator>();
        services.AddValidatedOptions<SvidOptions, SvidOptionsValidator>();
        services.AddValidatedOptions<RotationOptions, RotationOptionsValidator>();
        services.AddValidatedOptions<HomeOptions, HomeOptionsValidator>();
        services.AddValidatedOptions<AuthorityOptions, AuthorityOptionsValidator>();
        services.AddValidatedOptions<JwtOptions, JwtOptionsValidator>();
        services.AddValidatedOptions<DenialOptions, DenialOptionsValidator>();
        services.AddValidatedOptions<RevocationOptions, RevocationOptionsValidator>();
        services.AddValidatedOptions<FederationOptions, FederationOptionsValidator>();
        return services;
    }

    private static void AddHostedSingleton<T>(this IServiceCollection services)
        where T : class, Hosting.IHostedService
    {
        services.AddSingleton<T>();
        services.AddHostedService(provider => provider.GetRequiredService<T>());
    }

    private static void AddValidatedOptions<TOptions, TValidator>(this IServiceCollection services)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
        services.AddOptions<TOptions>().ValidateOnStart();
    }
}
