using Orleans;

namespace MeshGrains.Grains.Tests;

public sealed class AcmeGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public AcmeGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    private IAcmeGrain Grain => _host.Grains.GetGrain<IAcmeGrain>(_host.World.TrustDomain.ClusterKey);

    [Fact]
    public async Task Of_two_that_follow_the_same_document_one_is_written_and_its_writer_may_say_so_twice()
    {
        Assert.Equal(0, (await Grain.GetAsync()).Number);
        Assert.True(await Grain.PutAsync(new SealedAcme(1, [1])));
        Assert.False(await Grain.PutAsync(new SealedAcme(1, [2])));
        Assert.True(await Grain.PutAsync(new SealedAcme(1, [1])));
        Assert.False(await Grain.PutAsync(new SealedAcme(3, [3])));
        Assert.True(await Grain.PutAsync(new SealedAcme(2, [2])));
        var stored = await Grain.GetAsync();
        Assert.Equal(2, stored.Number);
        Assert.Equal([2], stored.Box);
    }

    [Fact]
    public async Task A_document_without_bytes_or_with_too_many_and_another_clusters_are_refused()
    {
        foreach (var length in new[] { 0, SealedAcme.MaxBytes + 1 })
        {
            Assert.Equal("acme_document_size", (await Assert.ThrowsAsync<GrainOperationException>(() => Grain.PutAsync(new SealedAcme(1, new byte[length])))).Reason);
        }

        Assert.Equal("no_such_cluster", (await Assert.ThrowsAsync<GrainOperationException>(_host.Grains.GetGrain<IAcmeGrain>("other.test/main").GetAsync)).Reason);
    }
}
