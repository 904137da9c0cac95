using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

public sealed class FederatedBundlesTests : IClassFixture<HostedGrains>
{
    private const string Name = "other.test";
    private readonly HostedGrains _host;

    public FederatedBundlesTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    [Fact]
    public async Task Every_silo_holds_each_foreign_bundle_takes_its_changes_and_drops_it_when_it_ends()
    {
        var world = _host.World;
        using var ring = new RecordKeyRing(
            new MemoryRecordKeys(), new FakeKeys(new Faults()), new RecordAuthenticator(), new SystemRandomSource(), TimeProvider.System, NullLogger<RecordKeyRing>.Instance);
        await ring.StartAsync(default);
        using var one = Silo(ring);
        using var two = Silo(ring);
        await one.StartAsync(default);
        await two.StartAsync(default);
        await Waiting.UntilAsync(() => one.IsKnown && two.IsKnown, "both know that there is none");

        var grain = _host.Grains.GetGrain<IFederationGrain>(FederationKeys.Of(world.TrustDomain.Name, Name));
        foreach (var sequence in new ulong[] { 1, 2 })
        {
            world.Fetcher.Serve("bundle.test", ForeignRoot.Bundle(Name, sequence, ForeignRoot.Make($"spiffe://{Name}", now: world.Clock.GetUtcNow())));
            if (sequence == 1)
            {
                await grain.PutAsync(new PutFederation("op-1", Name, "https://bundle.test/", BundleEndpointProfile.Web, null, null, null, false));
            }

            var number = (await grain.RefreshAsync())!.Number;
            await Waiting.UntilAsync(() => Holds(one, number) && Holds(two, number), $"both hold number {number}");
        }

        await grain.DeleteAsync("op-2");
        await Waiting.UntilAsync(() => one.Current.IsEmpty && two.Current.IsEmpty, "both have dropped it");
        await one.StopAsync(default);
        await two.StopAsync(default);
        await ring.StopAsync(default);
    }

    private static bool Holds(FederatedBundles silo, long number) => silo.Current.GetValueOrDefault(Name)?.Number == number;

    private FederatedBundles Silo(RecordKeyRing ring)
    {
        var options = Options.Create(_host.World.TrustDomain);
        return new FederatedBundles(
            _host.Grains, ring, new SiloIdentity(options, new SystemRandomSource()), options, new SystemRandomSource(), TimeProvider.System, NullLogger<FederatedBundles>.Instance);
    }
}
