using MeshGrains.Identity;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

public sealed class JwtAuthorityLifecycleTests : IAsyncDisposable
{
    private readonly SiloParts _silo = new();
    private readonly JwtOptions _options = new();
    private readonly JwtSigningSource _signing = new();
    private readonly JwtKeySeal _seal = GrainWorld.SealUnder(7);
    private readonly JwtAuthorityLifecycle _lifecycle;
    private Func<JwtReservation> _answer = () => throw new GrainOperationException(RefusalCode.Unavailable, "no_jwt_authority", "Not yet.");
    private int _asked;

    public JwtAuthorityLifecycleTests()
    {
        var grains = StubGrains.Answering((_, _, _) =>
        {
            Interlocked.Increment(ref _asked);
            try
            {
                return Task.FromResult(_answer());
            }
            catch (Exception failure)
            {
                return Task.FromException<JwtReservation>(failure);
            }
        });
        _lifecycle = new JwtAuthorityLifecycle(
            grains, _silo.KeyRing, _seal, _silo.Issuers, _signing, Options.Create(_silo.TrustDomain), Options.Create(_options), new SystemRandomSource(), _silo.Clock,
            NullLogger<JwtAuthorityLifecycle>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _lifecycle.StopAsync(default);
        _lifecycle.Dispose();
        await _silo.DisposeAsync();
    }

    [Fact]
    public async Task It_asks_for_nothing_before_there_is_a_trust_bundle()
    {
        await _silo.StartAsync();
        await _lifecycle.StartAsync(default);
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _signing.WaitingFor.Contains("issuing CA", StringComparison.Ordinal), "it waits");
        Assert.Equal(0, _asked);
    }

    [Fact]
    public async Task The_sealed_key_is_opened_here_and_a_later_reservation_keeps_the_opened_one()
    {
        var (key, ends) = (Sealed(), _silo.Clock.GetUtcNow().AddHours(1));
        _answer = () => key with { HighestExpiry = ends };
        await RunningAsync();
        await Waiting.UntilAsync(() => _signing.Current is not null, "the key");
        var first = _signing.Current!;
        Assert.Equal((key.KeyId, ends), (first.Signer.KeyId, first.HighestExpiry));

        ends = ends.AddHours(1);
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromMinutes(1), () => _signing.Current!.HighestExpiry == ends, "the later end");
        Assert.Same(first.Signer, _signing.Current!.Signer);

        key = Sealed();
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromMinutes(1), () => _signing.Current!.Signer.KeyId == key.KeyId, "the successor");
    }

    [Fact]
    public async Task While_the_authority_is_away_the_key_and_its_recorded_end_stay_and_it_goes_on_asking()
    {
        var key = Sealed();
        _answer = () => key;
        await RunningAsync();
        await Waiting.UntilAsync(() => _signing.Current is not null, "the key");
        _answer = () => throw new IOException("The link is cut.");
        var asked = _asked;
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromMinutes(1), () => _asked > asked + 3, "more attempts");
        Assert.Equal((key.KeyId, key.HighestExpiry), (_signing.Current!.Signer.KeyId, _signing.Current.HighestExpiry));
    }

    [Fact]
    public async Task A_key_that_was_put_in_anothers_place_is_not_signed_with()
    {
        var (one, other) = (Sealed(), Sealed());
        _answer = () => one with { SealedKey = other.SealedKey };
        await RunningAsync();
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _asked > 2, "attempts");
        Assert.Null(_signing.Current);
        Assert.Contains("does not open", _signing.WaitingFor, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_it_is_turned_off_nobody_is_asked()
    {
        _options.Enabled = false;
        await RunningAsync();
        await Waiting.UntilAsync(() => _signing.WaitingFor.Contains("jwt.enabled", StringComparison.Ordinal), "it says why");
        Assert.Equal(0, _asked);
    }

    private async Task RunningAsync()
    {
        await _silo.StartAsync();
        _silo.Issuers.Swap(_silo.Authority.Snapshot(_silo.Clock.GetUtcNow()));
        await _lifecycle.StartAsync(default);
    }

    private JwtReservation Sealed()
    {
        using var signer = JwtSigner.Create(JwtAlgorithm.ES256);
        return new JwtReservation(
            signer.KeyId, "ES256", _seal.Seal(_silo.TrustDomain.ClusterKey, signer.KeyId, signer.ExportPkcs8()), _silo.Clock.GetUtcNow().AddHours(1), 60);
    }
}
