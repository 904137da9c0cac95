using MeshGrains.Identity;
using MeshGrains.Keys;
using MeshGrains.Solo.Tests.Behaviour;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Storage;

namespace MeshGrains.Grains.Tests;

/// <summary>Everything that the grains touch, in memory and able to fail, and what stands in the configuration.</summary>
internal sealed class GrainWorld : ISiloBootstrap
{
    private TestBootstrap? _bootstrap;

    public GrainWorld()
    {
        Storage = new MemoryGrainStorage(new StateCodec(), Faults);
        Keys = new FakeKeys(Faults);
        Log = new MemoryLog(Faults);
        Registrations = new MemoryRegistrations(Faults);
        Denials = new MemoryDenials(Faults);
        Rename("td.test");
    }

    public Faults Faults { get; } = new();

    public ShiftedClock Clock { get; } = new();

    public MemoryGrainStorage Storage { get; }

    public FakeKeys Keys { get; }

    public MemoryLog Log { get; }

    public MemoryRegistrations Registrations { get; }

    public MemoryDenials Denials { get; }

    public FakeUpstream Upstream { get; } = new();

    public MemoryJoinTokens JoinTokens { get; } = new();

    public MemoryReminders Reminders { get; } = new();

    public TrustDomainOptions TrustDomain { get; } = new();

    public CaOptions Ca { get; } = new();

    public SvidOptions Svid { get; } = new();

    public DenialOptions DenialOptions { get; } = new();

    public JwtOptions Jwt { get; } = new();

    public RotationOptions Rotation { get; } = new();

    public FederationOptions Federation { get; } = new();

    public FakeFetcher Fetcher { get; } = new();

    /// <summary>Set, it makes this deployment a member of another.</summary>
    public HomeOptions Home { get; } = new();

    public AuthorityOptions Members { get; } = new();

    public FakeHome HomeLink { get; } = new();

    /// <summary>Seals as every silo of this deployment does.</summary>
    public JwtKeySeal JwtSeal { get; } = SealUnder(7);

    public BootstrapAuthority Anchor { get; private set; } = null!;

    IReadOnlyList<byte[]> ISiloBootstrap.Chain => _bootstrap!.Chain;

    SpiffeBundle ISiloBootstrap.Anchors => _bootstrap!.Anchors;

    byte[] ISiloBootstrap.Sign(ReadOnlySpan<byte> statement) => _bootstrap!.Sign(statement);

    /// <summary>The seal of a deployment whose record key is made of this byte.</summary>
    public static JwtKeySeal SealUnder(byte key)
    {
        var authenticator = new RecordAuthenticator();
        authenticator.Provide([.. Enumerable.Repeat(key, 32)]);
        return new JwtKeySeal(authenticator, new SystemRandomSource());
    }

    /// <summary>Makes the configuration that of another, empty deployment: fresh grains in the same host.</summary>
    public void Rename(string trustDomain)
    {
        TrustDomain.Name = trustDomain;
        Anchor = TestBootstrap.NewAnchor(trustDomain, Clock.GetUtcNow());
        _bootstrap = new TestBootstrap(Anchor, trustDomain, "silo-1", Clock.GetUtcNow());
        Faults.Reset();
    }

    public EnsureTrustDomain Ensure(string operationId = "ensure") => new(
        operationId, Ca.RootKeyAlgorithm.ToString(), (long)Ca.RootTtl.TotalSeconds, (int)Ca.BundleRefreshHint.TotalSeconds, Ca.NameConstraints);

    /// <summary>A silo's request as its lifecycle would sign it.</summary>
    public IssuingCaRequest Request(
        string operationId, IssuerKey? key = null, string silo = "silo-1", string? nameInCertificate = null, BootstrapAuthority? anchor = null,
        DateTimeOffset? requestedAt = null, string? clusterKey = null, string incarnation = "run-1", string relay = "")
    {
        var spki = (key ?? IssuerKey.Create()).SubjectPublicKeyInfo.ToArray();
        var identity = new TestBootstrap(anchor ?? Anchor, TrustDomain.Name, nameInCertificate ?? silo, Clock.GetUtcNow());
        var at = requestedAt ?? Clock.GetUtcNow();
        var request = new IssuingCaRequest(operationId, silo, spki, at, [.. identity.Chain], [], incarnation, relay);
        return request with { Signature = identity.Sign(IssuingCaRequestStatement.Encode(clusterKey ?? TrustDomain.ClusterKey, request)) };
    }

    /// <summary>A silo's goodbye to its issuing CA as its lifecycle would sign it.</summary>
    public ReleaseIssuingCa Release(string authorityId, string silo = "silo-1", string incarnation = "run-1", string? nameInCertificate = null)
    {
        var identity = new TestBootstrap(Anchor, TrustDomain.Name, nameInCertificate ?? silo, Clock.GetUtcNow());
        var release = new ReleaseIssuingCa(authorityId, silo, incarnation, Clock.GetUtcNow(), [.. identity.Chain], []);
        return release with { Signature = identity.Sign(ReleaseIssuingCaStatement.Encode(TrustDomain.ClusterKey, release)) };
    }

    public void AddTo(IServiceCollection services)
    {
        services.AddKeyedSingleton<IGrainStorage>(GrainStores.Default, Storage);
        services.AddSingleton<IReminderTable>(Reminders);
        services.AddSingleton<IKeyManager>(Keys);
        services.AddSingleton<IIssuanceLog>(Log);
        services.AddSingleton<IRegistrationStore>(Registrations);
        services.AddSingleton<RegistrationChanges>();
        services.AddSingleton<IDenialStore>(Denials);
        services.AddSingleton<IJoinTokenStore>(JoinTokens);
        services.AddSingleton<ISiloBootstrap>(this);
        services.AddSingleton<IUpstreamCa>(Upstream);
        services.AddSingleton<ISerialSource, RandomSerialSource>();
        services.AddSingleton<IRandomSource, SystemRandomSource>();
        services.AddSingleton(Options.Create(TrustDomain));
        services.AddSingleton(Options.Create(Ca));
        services.AddSingleton(Options.Create(Svid));
        services.AddSingleton(Options.Create(DenialOptions));
        services.AddSingleton(Options.Create(Jwt));
        services.AddSingleton(Options.Create(Rotation));
        services.AddSingleton<BundleAcknowledgements>();
        services.AddSingleton(Options.Create(Home));
        services.AddSingleton(Options.Create(Members));
        services.AddSingleton<IHomeCluster>(HomeLink);
        services.AddSingleton<IMemberSiloAnchors>(HomeLink);
        services.AddSingleton<IStateCodec, StateCodec>();
        services.AddSingleton<MemberClusters>();
        services.AddSingleton<RotationFactFinder>();
        services.AddSingleton(Options.Create(Federation));
        services.AddSingleton<IBundleFetcher>(Fetcher);
        services.AddSingleton<FederationInstruments>();
        services.AddSingleton(JwtSeal);
        services.AddSingleton<TimeProvider>(Clock);
    }
}
