using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

/// <summary>The silo's background parts over stubbed grains: what a silo is without a grain host.</summary>
internal sealed class SiloParts : IAsyncDisposable
{
    private readonly TestBootstrap _bootstrap;

    public SiloParts(FakeTimeProvider? clock = null, bool takesRelayedCalls = false)
    {
        TrustDomain.TakesRelayedCalls = takesRelayedCalls;
        Clock = clock ?? new FakeTimeProvider();
        Authority = new TestAuthority(Clock.GetUtcNow());
        _bootstrap = new TestBootstrap(TestBootstrap.NewAnchor(TestAuthority.Name, Clock.GetUtcNow()), TestAuthority.Name, "silo-1", Clock.GetUtcNow());
        Identity = new SiloIdentity(Options.Create(TrustDomain), new SystemRandomSource());
        var grains = StubGrains.Answering(Answer);
        KeyRing = new RecordKeyRing(
            new MemoryRecordKeys(), new FakeKeys(new Faults()), new RecordAuthenticator(), new SystemRandomSource(), Clock, NullLogger<RecordKeyRing>.Instance);
        Denials = new DenialReplica(
            grains, KeyRing, Issuers, Identity, Options.Create(TrustDomain), Options.Create(DenialOptions), new SystemRandomSource(), Clock, NullLogger<DenialReplica>.Instance);
        Lifecycle = new IssuingCaLifecycle(
            grains, _bootstrap, KeyRing, Denials, Issuers, Identity, Options.Create(TrustDomain), Options.Create(CaOptions), new IssuanceInstruments(),
            new SystemRandomSource(), Clock, NullLogger<IssuingCaLifecycle>.Instance);
        Bundles = new BundleWatch(
            grains, Denials, Issuers, Options.Create(TrustDomain), Options.Create(DenialOptions), new SystemRandomSource(), Clock, NullLogger<BundleWatch>.Instance);
    }

    public FakeTimeProvider Clock { get; }

    public TestAuthority Authority { get; }

    public TrustDomainOptions TrustDomain { get; } = new() { Name = TestAuthority.Name };

    public CaOptions CaOptions { get; } = new();

    public DenialOptions DenialOptions { get; } = new();

    public RecordKeyRing KeyRing { get; }

    public DenialReplica Denials { get; }

    public IssuerSource Issuers { get; } = new();

    public SiloIdentity Identity { get; }

    public IssuingCaLifecycle Lifecycle { get; }

    public BundleWatch Bundles { get; }

    /// <summary>The set that the denial grain answers with.</summary>
    public DenialSet Set { get; set; } = DenialSet.Empty;

    /// <summary>Whether the denial grain gives leases.</summary>
    public bool OnRoster { get; set; } = true;

    public List<long> Confirmed { get; } = [];

    /// <summary>Goodbyes to the denial grain, each with whether the silo still held a lease at that moment.</summary>
    public List<(string Silo, string Incarnation, bool Leased)> Goodbyes { get; } = [];

    public List<IssuingCaRequest> Requests { get; } = [];

    /// <summary>Releases, each with whether the silo still had an issuer at that moment.</summary>
    public List<(ReleaseIssuingCa Release, bool Issuing)> Releases { get; } = [];

    /// <summary>What the trust domain shows; null: the authority's own view.</summary>
    public TrustDomainView? Bundle { get; set; }

    public Func<Exception?> BundleFails { get; set; } = () => null;

    /// <summary>Thrown by calls of the denial grain, of the cluster CA before and after it did its work; null lets them through.</summary>
    public Func<Exception?> DenialsFail { get; set; } = () => null;

    /// <summary>What the answer to a confirmation waits for.</summary>
    public Task DenialsAnswer { get; set; } = Task.CompletedTask;

    public Func<Exception?> CertifyingFails { get; set; } = () => null;

    public Func<Exception?> ReplyIsLost { get; set; } = () => null;

    /// <summary>Runs when a certificate was made and is on its way.</summary>
    public Action<CertifiedIssuingCa>? OnCertified { get; set; }

    public static Denial Denial(DenialKind kind, string subject) => new(kind, subject, 0, "test", "operator", default, "op");

    public DenialSet With(DenialKind kind, string subject) => Set = DenialDecisions.Add(Set, Denial(kind, subject), 1000);

    public Task PushAsync() => ((IDenialObserver)Denials).ChangedAsync(Set);

    /// <summary>Starts key ring and denials; returns when the denials are confirmed.</summary>
    public async Task StartAsync()
    {
        await KeyRing.StartAsync(default);
        await KeyRing.Ready;
        await Denials.StartAsync(default);
        await Waiting.UntilAsync(() => Denials.Fresh is not null, "the first confirmation");
    }

    public async Task StartLifecycleAsync()
    {
        await Lifecycle.StartAsync(default);
        await Waiting.UntilAsync(() => Requests.Count > 0, "the first request");
    }

    public async ValueTask DisposeAsync()
    {
        await Bundles.StopAsync(default);
        await Lifecycle.StopAsync(default);
        await Denials.StopAsync(default);
        await KeyRing.StopAsync(default);
        Bundles.Dispose();
        Lifecycle.Dispose();
        Denials.Dispose();
        KeyRing.Dispose();
    }

    private object? Answer(Type grain, string method, object?[] arguments)
    {
        if (grain == typeof(IDenialGrain) && method == nameof(IDenialGrain.ConfirmLeaseAsync))
        {
            var confirmation = (DenialConfirmation)arguments[0]!;
            Confirmed.Add(confirmation.Number);
            return DenialsFail() is { } failure ? Task.FromException<DenialLease>(failure) : ConfirmedAsync();

            async Task<DenialLease> ConfirmedAsync()
            {
                await DenialsAnswer;
                return new DenialLease(Set.Number, Set.Number == confirmation.Number ? null : Set, OnRoster);
            }
        }

        if (grain == typeof(IDenialGrain) && method == nameof(IDenialGrain.LeaveAsync))
        {
            Goodbyes.Add(($"{arguments[0]}", $"{arguments[1]}", Denials.Fresh is not null));
            return Task.CompletedTask;
        }

        if (grain == typeof(ITrustDomainGrain) && method == nameof(ITrustDomainGrain.EnsureAsync))
        {
            return Task.FromResult(Authority.View);
        }

        if (grain == typeof(IClusterCaGrain) && method == nameof(IClusterCaGrain.RequestAsync))
        {
            var request = (IssuingCaRequest)arguments[0]!;
            Requests.Add(request);
            if (CertifyingFails() is { } failure)
            {
                return Task.FromException<CertifiedIssuingCa>(failure);
            }

            var certified = Authority.Certify(request.SubjectPublicKeyInfo, Clock.GetUtcNow(), CaOptions.IssuingCaTtl, request.OperationId);
            if (ReplyIsLost() is { } lost)
            {
                return Task.FromException<CertifiedIssuingCa>(lost);
            }

            OnCertified?.Invoke(certified);
            return Task.FromResult(certified);
        }

        if (grain == typeof(IClusterCaGrain) && method == nameof(IClusterCaGrain.ReleaseAsync))
        {
            Releases.Add(((ReleaseIssuingCa)arguments[0]!, Issuers.Current is not null));
            return Task.CompletedTask;
        }

        if (grain == typeof(ITrustDomainGrain) && method == nameof(ITrustDomainGrain.BundleNumberAsync))
        {
            return BundleFails() is { } failure ? Task.FromException<long>(failure) : Task.FromResult((Bundle ?? Authority.View).BundleNumber);
        }

        if (grain == typeof(ITrustDomainGrain) && method == nameof(ITrustDomainGrain.GetAsync))
        {
            return Task.FromResult(Bundle ?? Authority.View);
        }

        throw new InvalidOperationException($"Nobody answers {grain.Name}.{method}.");
    }
}
