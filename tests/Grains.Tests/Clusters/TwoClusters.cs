using MeshGrains.Identity;
using Orleans;

namespace MeshGrains.Grains.Tests;

/// <summary>Two clusters of one trust domain, each with stores, KMS and bootstrap CA of its own: the home <c>main</c> and its member <c>eu</c>.</summary>
public sealed class TwoClusters : IAsyncLifetime
{
    private readonly Ear _ear = new();
    private GrainHost? _home;
    private GrainHost? _member;
    private int _deployments;
    private int _asked;

    internal GrainWorld HomeWorld { get; } = new();

    internal GrainWorld MemberWorld { get; } = new();

    internal string Name => HomeWorld.TrustDomain.Name;

    internal ITrustDomainGrain Home => _home!.Grains.GetGrain<ITrustDomainGrain>(Name);

    internal IRotationGrain Rotation => _home!.Grains.GetGrain<IRotationGrain>(Name);

    internal IMemberClusterGrain MemberAtHome => _home!.Grains.GetGrain<IMemberClusterGrain>($"{Name}/eu");

    internal IGrainFactory HomeGrains => _home!.Grains;

    internal IGrainFactory MemberGrains => _member!.Grains;

    internal ITrustDomainGrain Member => _member!.Grains.GetGrain<ITrustDomainGrain>(Name);

    internal IClusterCaGrain MemberCa => _member!.Grains.GetGrain<IClusterCaGrain>($"{Name}/eu");

    /// <summary>An empty deployment, linked.</summary>
    internal void Fresh()
    {
        var name = $"several{Interlocked.Increment(ref _deployments)}.test";
        HomeWorld.Rename(name);
        MemberWorld.Rename(name);
        HomeWorld.HomeLink.SiloAnchors = ((ISiloBootstrap)MemberWorld).Anchors;
        MemberWorld.HomeLink.Paths = ["/ns/eu"];
        Link(true);
    }

    internal void Link(bool up)
    {
        MemberWorld.HomeLink.TrustDomain = up ? () => Home : null;
        MemberWorld.HomeLink.Member = () => MemberAtHome;
    }

    internal void Advance(TimeSpan time)
    {
        HomeWorld.Clock.Advance(time);
        MemberWorld.Clock.Advance(time);
    }

    /// <summary>The silo of a cluster takes an issuing CA and confirms with its bundle.</summary>
    internal async Task<CertifiedIssuingCa> SwapAsync(bool member)
    {
        var (world, grains) = member ? (MemberWorld, MemberGrains) : (HomeWorld, HomeGrains);
        var certified = await grains.GetGrain<IClusterCaGrain>(world.TrustDomain.ClusterKey).RequestAsync(world.Request($"ca-{++_asked}"));
        await ConfirmAsync(member, certified.BundleNumber);
        return certified;
    }

    internal Task ConfirmAsync(bool member, long bundle)
    {
        var (world, grains) = member ? (MemberWorld, MemberGrains) : (HomeWorld, HomeGrains);
        return grains.GetGrain<IDenialGrain>(Name).ConfirmLeaseAsync(
            new DenialConfirmation("silo-1", "run-1", 0, (long)world.DenialOptions.Lease.TotalMilliseconds, bundle), grains.CreateObjectReference<IDenialObserver>(_ear));
    }

    /// <summary>What the member's follower does in a moment: takes the home's record and reports.</summary>
    internal async Task FollowAsync()
    {
        await Member.FollowAsync(await MemberWorld.HomeLink.FetchAsync(default));
        await MemberWorld.HomeLink.ReportAsync(await MemberGrains.GetGrain<IRotationGrain>(Name).ReportAsync(), default);
    }

    /// <summary>Another process over the member's stores.</summary>
    internal async Task RestartMemberAsync()
    {
        await _member!.DisposeAsync();
        _member = await GrainHost.StartAsync(MemberWorld);
    }

    public async Task InitializeAsync()
    {
        MemberWorld.TrustDomain.Cluster = "eu";
        MemberWorld.Home.Address = "home.test:8445";
        MemberWorld.Home.AllowedPaths.Add("/ns/eu");
        HomeWorld.Members.Clusters.Add(new MemberClusterOptions { Name = "eu", AllowedPaths = ["/ns/eu"], SiloCaFile = "eu.pem" });
        foreach (var world in new[] { HomeWorld, MemberWorld })
        {
            world.Rotation.Automatic = false;
            world.Rotation.LookEvery = TimeSpan.Zero;
            world.Rotation.Hold = TimeSpan.Zero;
        }

        _home = await GrainHost.StartAsync(HomeWorld);
        _member = await GrainHost.StartAsync(MemberWorld);
    }

    public async Task DisposeAsync()
    {
        await _home!.DisposeAsync();
        await _member!.DisposeAsync();
    }

    private sealed class Ear : IDenialObserver
    {
        public Task ChangedAsync(DenialSet set) => Task.CompletedTask;

        public Task BundleChangedAsync(long bundleNumber) => Task.CompletedTask;
    }
}
