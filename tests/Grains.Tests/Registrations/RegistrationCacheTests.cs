using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Grains.Tests;

public sealed class RegistrationCacheTests
{
    private static readonly ResolvedRegistration Some = new(SpiffeId.Parse("spiffe://td.test/a"), "spiffe://td.test/a", "entry/1", null, [], null);

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void What_was_stored_is_found_until_its_time_is_up()
    {
        var cache = new RegistrationCache<string>(10, TimeSpan.FromSeconds(30), _clock);
        cache.Store("a", Some, _clock.GetTimestamp());

        Assert.Same(Some, cache.Find("a"));
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(cache.Find("a"));
    }

    [Fact]
    public void What_the_store_told_long_ago_is_as_old_as_that()
    {
        var cache = new RegistrationCache<string>(10, TimeSpan.FromSeconds(30), _clock);
        var asked = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromSeconds(20));
        cache.Store("a", Some, asked);

        Assert.Same(Some, cache.Find("a"));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(cache.Find("a"));
    }

    [Fact]
    public void A_flood_of_keys_stays_within_the_capacity()
    {
        var cache = new RegistrationCache<int>(100, TimeSpan.FromHours(1), _clock);
        for (var i = 0; i < 10_000; i++)
        {
            cache.Store(i, Some, _clock.GetTimestamp());
        }

        Assert.InRange(Enumerable.Range(0, 10_000).Count(i => cache.Find(i) is not null), 80, 100);
        Assert.NotNull(cache.Find(9_999));
    }

    [Fact]
    public void Storing_again_renews_and_takes_no_more_room()
    {
        var cache = new RegistrationCache<string>(2, TimeSpan.FromSeconds(30), _clock);
        cache.Store("a", Some, _clock.GetTimestamp());
        _clock.Advance(TimeSpan.FromSeconds(20));
        cache.Store("a", Some, _clock.GetTimestamp());
        cache.Store("b", Some, _clock.GetTimestamp());
        _clock.Advance(TimeSpan.FromSeconds(20));

        Assert.NotNull(cache.Find("a"));
        Assert.NotNull(cache.Find("b"));
    }

    [Fact]
    public async Task Many_writers_at_once_stay_near_the_capacity()
    {
        var cache = new RegistrationCache<int>(100, TimeSpan.FromHours(1), _clock);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(() =>
        {
            for (var i = 0; i < 5_000; i++)
            {
                cache.Store((writer * 5_000) + i, Some, _clock.GetTimestamp());
            }
        })));

        Assert.InRange(Enumerable.Range(0, 40_000).Count(i => cache.Find(i) is not null), 1, 108);
    }
}
