using System.Security.Cryptography;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

/// <summary>The warm path of one silo over fakes, with an issuing CA and a confirmed denial set.</summary>
internal sealed class IssuanceParts : IAsyncDisposable
{
    public const string Cart = "spiffe://td.test/ns/shop/sa/cart";

    private static readonly ECDsa WorkloadKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private IssuanceParts(Action<SvidOptions>? configure, IIssuanceLog? log)
    {
        configure?.Invoke(Options);
        var resolver = new RegistrationResolver(
            Registrations, log ?? Log, Microsoft.Extensions.Options.Options.Create(Silo.TrustDomain), Microsoft.Extensions.Options.Options.Create(Options),
            Microsoft.Extensions.Options.Options.Create(Home), Silo.Clock);
        Service = new IssuanceService(
            Silo.Issuers, Silo.Denials, resolver, log ?? Log, new CountingSerials(), Microsoft.Extensions.Options.Options.Create(Options), new IssuanceInstruments(),
            Silo.Clock, NullLogger<IssuanceService>.Instance);
        Jwt = new JwtIssuanceService(
            Service, Silo.Issuers, JwtSigning, Silo.Denials, resolver, log ?? Log, new CountingSerials(), Microsoft.Extensions.Options.Options.Create(JwtOptions),
            new IssuanceInstruments(), Silo.Clock, NullLogger<JwtIssuanceService>.Instance);
    }

    public static byte[] Csr { get; } = CertificateSigningRequestWriter.Write(WorkloadKey);

    public static byte[] WorkloadSpki { get; } = WorkloadKey.ExportSubjectPublicKeyInfo();

    public SiloParts Silo { get; } = new();

    public MemoryLog Log { get; } = new();

    public MemoryRegistrations Registrations { get; } = new();

    public SvidOptions Options { get; } = new();

    /// <summary>Whether this is a member cluster, and where it issues then.</summary>
    public HomeOptions Home { get; } = new();

    public IssuanceService Service { get; }

    public JwtOptions JwtOptions { get; } = new();

    public JwtSigningSource JwtSigning { get; } = new();

    public JwtIssuanceService Jwt { get; }

    public FakeTimeProvider Clock => Silo.Clock;

    public DateTimeOffset Now => Silo.Clock.GetUtcNow();

    public static async Task<IssuanceParts> StartAsync(Action<SvidOptions>? configure = null, IIssuanceLog? log = null)
    {
        var parts = new IssuanceParts(configure, log);
        parts.Registrations.Templates.Add(Template());
        await parts.Silo.StartAsync();
        parts.Silo.Issuers.Swap(parts.Silo.Authority.Snapshot(parts.Now));
        return parts;
    }

    public static RegistrationTemplate Template(string pattern = "spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}", int? ttl = null) =>
        new("template-1", TestAuthority.Name, "prod", pattern, ttl, null, default, 1, "op");

    public static RegistrationEntry Entry(string id = "entry-1", string spiffeId = "spiffe://td.test/shop/cart") =>
        EntryRulesTests.Good with { Id = id, SpiffeId = spiffeId };

    public AuthenticatedCaller Token(string ns = "shop", string sa = "cart") => new()
    {
        Kind = CallerKind.KubernetesToken,
        Name = $"k8s:prod/{ns}/{sa}",
        Source = "prod",
        Selectors = [new Selector("k8s", $"ns:{ns}"), new Selector("k8s", $"sa:{sa}"), new Selector("k8s", "pod-uid:1-2-3")],
        AttestedAt = Now,
    };

    public static AuthenticatedCaller Holder(IssuedSvid svid) => new()
    {
        Kind = CallerKind.X509Svid,
        Name = svid.SpiffeId,
        SpiffeId = svid.SpiffeId,
        CertificateSerial = svid.Serial,
    };

    public ValueTask<IssuanceResult> IssueAsync(
        AuthenticatedCaller? caller = null, byte[]? csr = null, TimeSpan? ttl = null, string? key = null, string? wanted = null) =>
        Service.IssueAsync(new SvidRequest(caller ?? Token(), csr ?? Csr, ttl, "request-1", key, wanted), default);

    public async Task<IssuedSvid> IssuedAsync(AuthenticatedCaller? caller = null, TimeSpan? ttl = null, string? key = null)
    {
        var result = await IssueAsync(caller, ttl: ttl, key: key);
        Assert.Null(result.Refusal);
        return result.Svid!;
    }

    public async Task<Refusal> RefusedAsync(AuthenticatedCaller? caller = null, byte[]? csr = null, TimeSpan? ttl = null, string? key = null, string? wanted = null)
    {
        var result = await IssueAsync(caller, csr, ttl, key, wanted);
        Assert.Null(result.Svid);
        return result.Refusal!;
    }

    /// <summary>Moves the clock while the denials stay confirmed.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromMinutes(10))
        {
            Silo.Clock.SetUtcNow(Now + (left < TimeSpan.FromMinutes(10) ? left : TimeSpan.FromMinutes(10)));
        }

        await Waiting.UntilAsync(() => Silo.Denials.Fresh is not null, "fresh denials");
    }

    public async Task DenyAsync(DenialKind kind, string subject)
    {
        Silo.With(kind, subject);
        await Silo.PushAsync();
    }

    public ValueTask DisposeAsync() => Silo.DisposeAsync();
}
