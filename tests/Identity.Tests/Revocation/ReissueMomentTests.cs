using System.Buffers.Binary;

namespace MeshGrains.Identity.Tests.Revocation;

public sealed class ReissueMomentTests
{
    private const string Authority = "00112233445566778899aabbccddeeff00112233";
    private static readonly DateTimeOffset Seen = DateTimeOffset.UnixEpoch.AddDays(20_000);

    [Fact]
    public void A_certificate_has_one_moment_within_the_time_and_another_for_another_authority()
    {
        var moment = ReissueMoment.Of(Seen, TimeSpan.FromHours(1), Leaf(7), Authority);

        Assert.Equal(moment, ReissueMoment.Of(Seen, TimeSpan.FromHours(1), Leaf(7), Authority));
        Assert.NotEqual(moment, ReissueMoment.Of(Seen, TimeSpan.FromHours(1), Leaf(7), new string('f', 40)));
        Assert.Equal(moment.AddDays(1), ReissueMoment.Of(Seen.AddDays(1), TimeSpan.FromHours(1), Leaf(7), Authority));
    }

    [Fact]
    public void Without_a_time_it_is_at_once() => Assert.Equal(Seen, ReissueMoment.Of(Seen, TimeSpan.Zero, Leaf(7), Authority));

    [Fact]
    public void Moments_of_many_certificates_are_spread_evenly_in_steps_of_a_tenth_of_a_second()
    {
        var over = TimeSpan.FromSeconds(100);
        var tenths = new int[10];
        for (var i = 0; i < 10_000; i++)
        {
            var after = ReissueMoment.Of(Seen, over, Leaf(i), Authority) - Seen;
            Assert.InRange(after, TimeSpan.Zero, over);
            Assert.Equal(0, after.Ticks % TimeSpan.FromMilliseconds(100).Ticks);
            tenths[Math.Min(9, (int)(after / over * 10))]++;
        }

        // 1000 each, give or take four times the standard deviation.
        Assert.All(tenths, count => Assert.InRange(count, 880, 1120));
    }

    private static byte[] Leaf(int number)
    {
        var leaf = new byte[400];
        BinaryPrimitives.WriteInt32BigEndian(leaf.AsSpan(200), number);
        return leaf;
    }
}
