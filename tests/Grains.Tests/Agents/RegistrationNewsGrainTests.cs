using System.Collections.Concurrent;
using Orleans;

namespace MeshGrains.Grains.Tests;

public sealed class RegistrationNewsGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public RegistrationNewsGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    private IRegistrationNewsGrain Grain => _host.Grains.GetGrain<IRegistrationNewsGrain>(_host.World.TrustDomain.Name);

    [Fact]
    public async Task Every_silo_but_the_writer_is_told_whose_entries_changed()
    {
        var (one, two) = (new Ear(), new Ear());
        Assert.True((await FollowAsync("s1", one)).Anyone);
        await FollowAsync("s2", two);

        await Grain.AnnounceAsync("s1", ["a", "b"], anyone: false);

        Assert.Equal("a,b", string.Join(",", Assert.Single(two.News).Parents));
        var own = Assert.Single(one.News);
        Assert.Empty(own.Parents);
        Assert.Equal((0L, 1L), (own.After, own.Number));
    }

    [Fact]
    public async Task A_silo_that_fails_to_listen_holds_nobody_up_and_is_told_when_it_asks_again()
    {
        var (deaf, good) = (new Ear { Fails = true }, new Ear());
        var epoch = (await FollowAsync("s1", deaf)).Epoch;
        await FollowAsync("s2", good);

        await Grain.AnnounceAsync("s3", ["a"], anyone: false);
        await Grain.AnnounceAsync("s3", ["b"], anyone: false);

        Assert.Equal("a,b", string.Join(",", good.News.SelectMany(news => news.Parents)));
        deaf.Fails = false;
        var missed = await Grain.FollowAsync("s1", epoch, 0, _host.Grains.CreateObjectReference<IRegistrationObserver>(deaf));
        Assert.Equal("a,b", string.Join(",", missed.Parents));
        await Grain.AnnounceAsync("s3", ["c"], anyone: false);
        Assert.Equal("c", Assert.Single(Assert.Single(deaf.News).Parents));
    }

    [Fact]
    public async Task A_silo_that_left_is_told_no_more()
    {
        var ear = new Ear();
        await FollowAsync("s1", ear);
        await Grain.LeaveAsync("s1");
        await Grain.AnnounceAsync("s2", ["a"], anyone: false);

        Assert.Empty(ear.News);
    }

    private Task<RegistrationNews> FollowAsync(string silo, Ear ear) =>
        Grain.FollowAsync(silo, "", 0, _host.Grains.CreateObjectReference<IRegistrationObserver>(ear));

    private sealed class Ear : IRegistrationObserver
    {
        public ConcurrentQueue<RegistrationNews> News { get; } = new();

        public bool Fails { get; set; }

        public Task ChangedAsync(RegistrationNews news)
        {
            if (Fails)
            {
                throw new InvalidOperationException("I do not listen.");
            }

            News.Enqueue(news);
            return Task.CompletedTask;
        }
    }
}
