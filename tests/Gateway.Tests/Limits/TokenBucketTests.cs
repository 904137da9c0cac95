using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Gateway.Tests.Limits;

public sealed class TokenBucketTests
{
    [Fact]
    public void A_new_bucket_is_full_and_refills_at_its_rate()
    {
        var bucket = default(TokenBucket);
        var rate = new Rate(3, 2);
        Assert.True(bucket.TryTake(100, rate, 3));
        Assert.False(bucket.TryTake(100, rate));
        Assert.Equal(TimeSpan.FromSeconds(0.5), bucket.Wait(rate));
        Assert.False(bucket.TryTake(100.4, rate));
        Assert.True(bucket.TryTake(100.5, rate));
        Assert.False(bucket.TryTake(100.5, rate));
    }

    [Fact]
    public void A_clock_that_steps_back_gives_nothing_away()
    {
        var bucket = default(TokenBucket);
        var rate = new Rate(1, 1);
        Assert.True(bucket.TryTake(100, rate));
        Assert.False(bucket.TryTake(50, rate));
        Assert.False(bucket.TryTake(100.5, rate));
        Assert.True(bucket.TryTake(101, rate));
    }

    [Fact]
    public void Debt_is_bounded()
    {
        var bucket = default(TokenBucket);
        var rate = new Rate(10, 1);
        bucket.Charge(0, rate, 1_000_000);
        Assert.Equal(TimeSpan.FromSeconds(11), bucket.Wait(rate));
        Assert.True(bucket.Has(11, rate));
    }

    [Fact]
    public void No_stretch_of_time_gives_more_than_the_burst_and_the_rate_allow()
        => Prop.ForAll(Gen.ArrayOf(Gen.Choose(0, 1000)).ToArbitrary(), pauses =>
        {
            var bucket = default(TokenBucket);
            var rate = new Rate(5, 10);
            var now = 0.0;
            var taken = 0;
            foreach (var pause in pauses)
            {
                now += pause / 1000.0;
                for (var i = 0; i < 3; i++)
                {
                    taken += bucket.TryTake(now, rate) ? 1 : 0;
                }
            }

            return taken <= rate.Burst + (now * rate.PerSecond) + 1e-6;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
}
