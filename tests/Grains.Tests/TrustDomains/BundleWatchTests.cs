using Orleans;

namespace MeshGrains.Grains.Tests;

public sealed class BundleWatchTests : IAsyncDisposable
{
    private readonly SiloParts _silo = new();

    public async ValueTask DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task A_newer_bundle_is_delivered_within_a_confirm_interval_with_the_same_key_and_certificate()
    {
        var before = await RunningAsync();
        _silo.Bundle = _silo.Authority.View with { BundleNumber = 9, RefreshHintSeconds = 60 };
        _silo.Clock.Advance(_silo.DenialOptions.Lease / 3 * 1.1);
        await Waiting.UntilAsync(() => _silo.Issuers.Current!.BundleNumber == 9, "the newer bundle");

        var after = _silo.Issuers.Current!;
        Assert.Equal((before.AuthorityId, before.ChainPem, before.NotAfter), (after.AuthorityId, after.ChainPem, after.NotAfter));
        Assert.Same(before.Issuer, after.Issuer);
        Assert.Equal(TimeSpan.FromSeconds(60), after.Bundle.RefreshHint);
        Assert.Single(_silo.Requests);
    }

    [Fact]
    public async Task A_bundle_that_is_told_of_is_delivered_at_once()
    {
        await RunningAsync();
        _silo.Bundle = _silo.Authority.View with { BundleNumber = 9 };
        await ((IDenialObserver)_silo.Denials).BundleChangedAsync(9);

        await Waiting.UntilAsync(() => _silo.Issuers.Current!.BundleNumber == 9, "the newer bundle");
    }

    [Fact]
    public async Task After_an_outage_it_looks_again()
    {
        await RunningAsync();
        _silo.BundleFails = () => new IOException("The link is cut.");
        _silo.Bundle = _silo.Authority.View with { BundleNumber = 9 };
        _silo.Clock.Advance(TimeSpan.FromSeconds(12));
        _silo.BundleFails = () => null;

        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _silo.Issuers.Current!.BundleNumber == 9, "the newer bundle");
    }

    [Fact]
    public async Task An_older_bundle_never_comes_back_with_a_new_CA()
    {
        await RunningAsync();
        _silo.Issuers.Show(_silo.Authority.View with { BundleNumber = 9 });
        Assert.False(_silo.Issuers.Show(_silo.Authority.View with { BundleNumber = 8 }));
        _silo.Issuers.Swap(_silo.Authority.Snapshot(_silo.Clock.GetUtcNow(), operationId: "op-9"));

        Assert.Equal(9, _silo.Issuers.Current!.BundleNumber);
    }

    private async Task<IssuerSnapshot> RunningAsync()
    {
        await _silo.StartAsync();
        await _silo.StartLifecycleAsync();
        await _silo.Bundles.StartAsync(default);
        await Waiting.UntilAsync(() => _silo.Issuers.Current is not null && _silo.Clock.ActiveTimers >= 3, "the first CA");
        return _silo.Issuers.Current!;
    }
}
